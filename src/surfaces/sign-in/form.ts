// The fields of a page's form. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { httpLimits } from "../../limits.ts";
import { bodyText } from "../../platform/request-body.ts";
import { requireSameOrigin } from "./session-cookie.ts";

/**
 * The fields of a form that one of our own pages sent. Throws `forbidden` for one from elsewhere, `too_large` over the limit, which is one of
 * httpLimits.
 */
export async function readForm(
  request: Request,
  limit: "jsonBytes" | "formBytes" = "jsonBytes",
): Promise<URLSearchParams> {
  requireSameOrigin(request);
  const value = httpLimits[limit];
  const text = await bodyText(request, value, () => {
    return new AppError("too_large", `A form may have ${value} bytes (limit ${limit}); this one has more.`, {
      hint: "Send less.",
      details: { limit, value },
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
