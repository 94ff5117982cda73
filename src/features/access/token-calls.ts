// What the token tools and routes both do. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { type Permission, permissions, scopes } from "../../core/define-tool.ts";
import { dayMs } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import { type Page, pageBefore, readBefore } from "../../core/paging.ts";
import { callerOf, may } from "./access.ts";
import type { IssueToken, Token, WhoAmI } from "./schema.ts";
import { makeToken } from "./token.ts";

/** Who the caller is here, by what, and what they may do. */
export async function whoAmI(call: CallContext): Promise<WhoAmI> {
  const { actor } = call;
  const expiresAt = await call.stub.access().expiryOf(call.credential);
  return {
    team: call.team,
    team_name: call.catalogue.name,
    username: actor.username,
    role: actor.role,
    scopes: scopes.filter((scope) => actor.scopes.includes(scope)),
    credential: {
      kind: actor.credential.kind,
      label: actor.credential.label,
      expires_at: expiresAt === null || !Number.isFinite(expiresAt) ? null : new Date(expiresAt).toISOString(),
    },
    through: actor.through ?? null,
    permissions: Object.fromEntries(permissions.map((permission) => [permission, may(actor, permission)])) as Record<
      Permission,
      boolean
    >,
  };
}

/** Makes a token; its text is in the answer and nowhere else. Throws what `issueToken` throws. */
export async function createToken(call: CallContext, input: IssueToken): Promise<{ token: string; details: Token }> {
  const { service, role, scopes: wanted, label, expires_in_days: days, may_act_for_others: mayActForOthers } = input;
  const { token, hash, prefix } = await makeToken(service === undefined ? "person" : "service");
  const expiresAt = days === undefined ? null : call.now() + days * dayMs;
  const row = { label, hash, prefix, expiresAt, role, scopes: wanted, service, mayActForOthers };
  return { token, details: await call.stub.access().issueToken(row, callerOf(call)) };
}

/** A page of live tokens, newest first. Throws `forbidden`, `cursor_invalid`. */
export async function listTokens(
  call: CallContext,
  input: { everyone?: boolean | undefined; limit?: number | undefined; cursor?: string | undefined },
  preset: number,
): Promise<Page<Token>> {
  const limit = input.limit ?? preset;
  const filter = { everyone: input.everyone ?? false, before: readBefore(input.cursor), limit: limit + 1 };
  const { rows, total } = await call.stub.access().listTokens(filter, callerOf(call));
  const page = pageBefore(rows, { limit, total, key: (row) => row.seq });
  return { ...page, items: page.items.map((row) => row.token) };
}

/** One live token: one's own, or for who may manage tokens anyone's. Throws `not_found`. */
export async function findToken(call: CallContext, id: string): Promise<Token> {
  const filter = { everyone: may(call.actor, "tokens:manage"), before: undefined, limit: Number.MAX_SAFE_INTEGER };
  const { rows } = await call.stub.access().listTokens(filter, callerOf(call));
  const found = rows.find(({ token }) => token.id === id);
  if (found !== undefined) return found.token;
  throw new AppError("not_found", "There is no live token of that id that you may see.", {
    hint: "list_tokens shows yours; an admin sees everyone's with everyone set.",
  });
}

/** Ends a token at once. Throws `not_found`, `forbidden`. */
export async function revokeToken(call: CallContext, id: string): Promise<void> {
  if (await call.stub.access().revokeToken(id, callerOf(call))) return;
  throw new AppError("not_found", "There is no live token of that id that you may revoke.", {
    hint: "list_tokens shows yours; an admin sees everyone's with everyone set.",
  });
}
