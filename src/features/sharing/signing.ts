// Signs what a team exports and tells who signed what it imports: Ed25519 over canonical JSON. Runs at the edge.

import type { CallContext } from "../../context.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import { AppError } from "../../core/errors.ts";
import { base64Url, fromBase64Url, hex } from "../../core/ids.ts";
import { callerOf } from "../access/access.ts";
import type { KeptKey } from "./rpc.ts";
import type { Signature } from "./schema.ts";

const algorithm = "Ed25519";
const place = "signing key";

/** SHA-256 of a public key's 32 bytes, as hex. Throws `invalid_argument` for what is no such key. */
export async function fingerprintOf(publicKey: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", keyBytes(publicKey))));
}

function keyBytes(publicKey: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64Url(publicKey);
  // Text that decodes to the same bytes in two ways would be two names of one key.
  if (bytes?.length === 32 && base64Url(bytes) === publicKey) return new Uint8Array(bytes);
  throw new AppError("invalid_argument", "public_key: this is no Ed25519 public key.", {
    hint: "Copy the 43 characters that list_signers of the other team shows under own.",
  });
}

/** Signs a bundle (all of it but its signature) with the team's key, which is made the first time. */
export async function signBundle(context: CallContext, bundle: object): Promise<Signature> {
  const { publicKey, privateKey } = await teamKey(context);
  const value = await crypto.subtle.sign(algorithm, privateKey, bytesOf(bundle));
  const fingerprint = await fingerprintOf(publicKey);
  return { algorithm: "ed25519", public_key: publicKey, fingerprint, value: base64Url(new Uint8Array(value)) };
}

/** True when `signature` was made with its key over exactly this bundle. */
export async function isSignedBy(bundle: object, signature: Signature): Promise<boolean> {
  if ((await fingerprintOf(signature.public_key)) !== signature.fingerprint) return false;
  const value = fromBase64Url(signature.value);
  if (value?.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey("raw", keyBytes(signature.public_key), algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, key, new Uint8Array(value), bytesOf(bundle));
  } catch (error) {
    // A key that is no point of the curve.
    if (error instanceof DOMException) return false;
    throw error;
  }
}

const bytesOf = (bundle: object): Uint8Array => new TextEncoder().encode(canonicalJson(bundle));

interface TeamKey {
  publicKey: string;
  privateKey: CryptoKey;
}

async function teamKey(context: CallContext): Promise<TeamKey> {
  const kept = await context.stub.sharing().signingKey();
  const opened = kept === undefined ? undefined : await openKey(context, kept);
  if (opened !== undefined) return opened;
  const made = await context.stub.sharing().keepSigningKey(await makeKey(context, kept), callerOf(context));
  const usable = await openKey(context, made);
  if (usable !== undefined) return usable;
  throw new AppError("conflict", "The team's signing key was replaced meanwhile.", { hint: "Export again." });
}

/** Undefined when the deployment's secret is no longer the one the key was sealed under: then it is lost, and the team gets another. */
async function openKey(context: CallContext, kept: KeptKey): Promise<TeamKey | undefined> {
  const opened = await context.secrets.open(place, kept.sealed);
  const bytes = opened === undefined ? undefined : fromBase64Url(opened);
  if (bytes === undefined) return undefined;
  const privateKey = await crypto.subtle.importKey("pkcs8", new Uint8Array(bytes), algorithm, false, ["sign"]);
  return { publicKey: kept.publicKey, privateKey };
}

async function makeKey(context: CallContext, replaced: KeptKey | undefined) {
  const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const publicKey = base64Url(new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer));
  const secret = base64Url(new Uint8Array((await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer));
  const sealed = await context.secrets.seal(place, secret);
  const fingerprint = await fingerprintOf(publicKey);
  return { publicKey, sealed, fingerprint, replaces: replaced?.publicKey ?? null };
}
