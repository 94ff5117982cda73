// What the tools and the routes of sharing have in common. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { callerOf } from "../access/access.ts";
import type { ExportFormat, ExportLibrary, Signer, Signers } from "./schema.ts";
import { fingerprintOf } from "./signing.ts";

/** The file that holds each part of a library, as its address names it. */
export const exportFiles = { tools: "approved_tools", functions: "functions", all: "library" } as const;

/** Where an export is to be had over REST. */
export function exportUrl(
  { origin, team }: Pick<CallContext, "origin" | "team">,
  { what = "all", names, sign = false }: Pick<ExportLibrary, "what" | "names" | "sign">,
  format: ExportFormat,
): string {
  const query = new URLSearchParams({
    ...(names === undefined ? {} : { names: names.join(",") }),
    ...(sign ? { sign: "true" } : {}),
  }).toString();
  const path = `${origin}/t/${team}/api/v1/library/${exportFiles[what]}.${format}`;
  return query === "" ? path : `${path}?${query}`;
}

/** This team's key and those it trusts. */
export async function listSigners(context: CallContext): Promise<Signers> {
  const { own, trusted } = await context.stub.sharing().signers();
  if (own === null) return { own, trusted };
  const fingerprint = await fingerprintOf(own.publicKey);
  return { own: { fingerprint, public_key: own.publicKey, created_at: own.createdAt }, trusted };
}

/** Trusts a key from now on. Throws `invalid_argument` for what is no key, `too_large` over the limit of keys. */
export async function trustSigner(
  context: CallContext,
  { public_key: publicKey, name }: { public_key: string; name: string },
): Promise<Signer> {
  const fingerprint = await fingerprintOf(publicKey);
  return context.stub.sharing().trust({ fingerprint, publicKey, name }, callerOf(context));
}
