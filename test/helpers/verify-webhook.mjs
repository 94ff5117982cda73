// How a receiver checks that a delivery is ours and new; docs/guides/notifications.md shows the same text. Runs under Node.
import { createHmac, timingSafeEqual } from "node:crypto";

/** `header` is X-Super-Data-Signature, `body` the request's body as it came, before any parsing. */
export function isOurs(secret, header, body, nowSeconds = Date.now() / 1000) {
  const [, time, mac] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header ?? "") ?? [];
  if (time === undefined || Math.abs(nowSeconds - Number(time)) > 300) return false;
  const expected = createHmac("sha256", secret).update(`${time}.${body}`).digest();
  return timingSafeEqual(expected, Buffer.from(mac, "hex"));
}
