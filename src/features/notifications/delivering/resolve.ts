// What a host's name stands for, asked by DNS over HTTPS before a delivery goes there. Runs at the edge.
import * as z from "zod";
import { isAddress, isPublicAddress } from "./public-address.ts";

/** `unknown` may pass: the name has no address, or nobody could be asked. */
export type Resolved = { is: "public" } | { is: "private" } | { is: "unknown"; why: string };

const answerSchema = z.object({
  Status: z.int(),
  Answer: z.array(z.object({ type: z.int(), data: z.string() })).optional(),
});
const types = { A: 1, AAAA: 28 } as const;

/** Looks a host up at `resolver` (its URL, JSON form). One private address among many makes it private: which one is taken is not ours to say. */
export async function resolve(
  host: string,
  deps: { fetch: typeof fetch; resolver: string },
  signal: AbortSignal,
): Promise<Resolved> {
  if (isAddress(host)) return { is: isPublicAddress(host) ? "public" : "private" };
  try {
    const answers = await Promise.all([ask(host, "A", deps, signal), ask(host, "AAAA", deps, signal)]);
    const addresses = answers.flat();
    if (addresses.some((address) => !isPublicAddress(address))) return { is: "private" };
    return addresses.length > 0 ? { is: "public" } : { is: "unknown", why: "The host's name has no address." };
  } catch {
    return { is: "unknown", why: "The host's name could not be looked up." };
  }
}

async function ask(
  host: string,
  type: keyof typeof types,
  deps: { fetch: typeof fetch; resolver: string },
  signal: AbortSignal,
): Promise<string[]> {
  const url = new URL(deps.resolver);
  url.searchParams.set("name", host.replace(/\.+$/, ""));
  url.searchParams.set("type", type);
  const answer = await deps.fetch(url, {
    headers: { accept: "application/dns-json" },
    redirect: "manual",
    signal,
  });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`the resolver answered ${answer.status}`);
  }
  const { Status, Answer = [] } = answerSchema.parse(await answer.json());
  // 0: no error; 3: there is no such name.
  if (Status !== 0 && Status !== 3) throw new Error(`the resolver said ${Status}`);
  return Answer.filter((one) => one.type === types[type]).map(({ data }) => data);
}
