// How a receiver knows that a delivery is ours and new. Runs at the edge.
import { hex } from "../../../core/ids.ts";

export const signatureHeader = "X-Super-Data-Signature";

/** The signature's header: `t=<Unix seconds>,v1=<hex of HMAC-SHA-256 over "t.body">`, under the UTF-8 of the webhook's secret. */
export async function sign(secret: string, body: string, nowMs: number): Promise<string> {
  const encoder = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), hmac, false, ["sign"]);
  const time = Math.floor(nowMs / 1000);
  const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(`${time}.${body}`));
  return `t=${time},v1=${hex(new Uint8Array(mac))}`;
}
