// Who made what is imported, and whether this team knows them. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import type { LibraryText } from "./library-text.ts";
import type { Standing } from "./rpc.ts";
import type { Origin, Signature } from "./schema.ts";
import { isSignedBy } from "./signing.ts";

/** Throws `invalid_argument` for a signature that does not fit what it is said to sign: the text was changed since. */
export async function requireUntampered({ head, signed }: Pick<LibraryText, "head" | "signed">): Promise<void> {
  const { signature } = head;
  if (signature === undefined || (signed !== undefined && (await fits(signed, signature)))) return;
  throw new AppError(
    "invalid_argument",
    "The signature is not valid: the file was changed after it was signed, or signed with another key.",
    {
      hint: "Get the export again from whoever made it. To import a file you changed yourself, take its signature out.",
      details: { fingerprint: signature.fingerprint },
    },
  );
}

async function fits(signed: object, signature: Signature): Promise<boolean> {
  try {
    return await isSignedBy(signed, signature);
  } catch (error) {
    // Nested deeper than anything that this server signs.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** How far the maker of a file is known, once its signature was found to fit. */
export function originOf({ made_by, signature }: LibraryText["head"], { ownKey, signer }: Standing): Origin {
  const said = made_by === undefined ? {} : { made_by };
  if (signature === undefined) return { state: "unsigned", ...said };
  const { fingerprint, public_key } = signature;
  if (public_key === ownKey) return { state: "this_team", fingerprint, ...said };
  if (signer !== undefined) return { state: "trusted", signer, fingerprint, ...said };
  return { state: "unknown_key", fingerprint, ...said };
}

/** The origin in words, for people and models. */
export function describeOrigin({ state, signer, fingerprint, made_by }: Origin): string {
  const claims =
    made_by === undefined ? "" : `; it says it is from the team ${made_by.team}, exported ${made_by.exported_at}`;
  switch (state) {
    case "unsigned":
      return `Unsigned${claims}.`;
    case "this_team":
      return `Signed by this team${claims}.`;
    case "trusted":
      return `Signed by ${JSON.stringify(signer)}, whom this team trusts${claims}.`;
    case "unknown_key":
      return `Signed with a key this team does not know (${fingerprint})${claims}. An admin can trust it with trust_signer.`;
  }
}
