// The fields of a page's form. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { httpLimits } from "../../limits.ts";
import { bodyText } from "../../platform/request-body.ts";
import { requireSameOrigin } from "./session-cookie.ts";

/** The fields of a form that one of our own pages sent. Throws `forbidden` for one from elsewhere, `too_large` over httpLimits.jsonBytes. */
export async function readForm(request: Request): Promise<URLSearchParams> {
  requireSameOrigin(request);
  const text = await bodyText(request, httpLimits.jsonBytes, () => {
    const value = httpLimits.jsonBytes;
    return new AppError("too_large", `A form may have ${value} bytes (limit jsonBytes); this one has more.`, {
      hint: "Send less.",
      details: { limit: "jsonBytes", value },
    });
  });
  return new URLSearchParams(text);
}

/** To another page after a form did its work, so that a reload does not do it again. */
export function seeOther(location: string, ...cookies: string[]): Response {
  const headers = new Headers({ location, "cache-control": "no-store" });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}
