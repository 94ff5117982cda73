// One try to hand a delivery to a webhook: the address checked at each step, redirects followed by hand. Runs at the edge.
import { notificationLimits } from "../../../workflow-limits.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { checkAddress } from "./public-address.ts";
import { type Resolved, resolve } from "./resolve.ts";

export interface Posting {
  fetch: typeof fetch;
  /** URL of the DNS-over-HTTPS resolver. */
  resolver: string;
  allowedHosts: readonly string[];
  now: () => number;
  /** What names stood for a moment ago, for deliveries that are sent together. */
  known: Map<string, Promise<Resolved>>;
}

/** Posts `body` to `address`, within notificationLimits.timeoutMs. Never throws. */
export async function post(
  deps: Posting,
  address: string,
  body: string,
  headers: Record<string, string>,
): Promise<Outcome> {
  const signal = AbortSignal.timeout(notificationLimits.timeoutMs);
  try {
    return await follow(deps, address, { method: "POST", body, headers, redirect: "manual", signal });
  } catch {
    const error = signal.aborted
      ? `No answer within ${notificationLimits.timeoutMs / 1000} s (notificationLimits.timeoutMs).`
      : "No connection to the receiver.";
    return { outcome: "retry", error };
  }
}

async function follow(deps: Posting, address: string, init: RequestInit & { signal: AbortSignal }): Promise<Outcome> {
  let at = address;
  for (let hops = 0; ; hops++) {
    const where = hops === 0 ? "The address" : `Redirect ${hops}`;
    const checked = await admit(deps, at, init.signal, where);
    if (!(checked instanceof URL)) return checked;
    const answer = await deps.fetch(checked, init);
    // Whatever it says is of no use to us.
    await answer.body?.cancel();
    const { status } = answer;
    if (status < 300 || status > 399) return outcomeOf(status, answer.headers.get("retry-after"), deps.now());
    const location = answer.headers.get("location");
    if ((status !== 307 && status !== 308) || location === null || !URL.canParse(location, checked)) {
      return {
        outcome: "retry",
        status,
        error: `The receiver redirects with ${status}; only 307 and 308 keep a POST.`,
      };
    }
    if (hops === notificationLimits.redirects) {
      return {
        outcome: "retry",
        status,
        error: `The receiver redirects more than ${notificationLimits.redirects} times (notificationLimits.redirects).`,
      };
    }
    at = new URL(location, checked).href;
  }
}

/** The address as a URL when it may be sent to. A refused one is not tried again: asking often enough must not get around it. */
async function admit(deps: Posting, address: string, signal: AbortSignal, where: string): Promise<URL | Outcome> {
  const checked = checkAddress(address, deps.allowedHosts);
  if ("fault" in checked) return { outcome: "dead", error: `${where} is refused: ${checked.fault}.` };
  if (checked.isExempt) return checked.url;
  const { hostname } = checked.url;
  let asked = deps.known.get(hostname);
  if (asked === undefined) {
    asked = resolve(hostname, deps, signal);
    deps.known.set(hostname, asked);
  }
  const resolved = await asked;
  if (resolved.is === "public") return checked.url;
  if (resolved.is === "unknown") return { outcome: "retry", error: `${where}: ${resolved.why}` };
  return { outcome: "dead", error: `${where} is refused: its host's name stands for an address of a private network.` };
}
