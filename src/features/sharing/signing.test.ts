// Signatures: whose an import is, one key a team, and nothing that was changed.
import { describe, expect, it } from "vitest";
import { exported, functionOf, ids, planOf, take, textOf } from "../../../test/helpers/sharing.ts";
import { auditLog, freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import { trustSigner } from "./calls.ts";
import { exportLibrary } from "./exporting.ts";

describe("a signature", () => {
  it("shows whose an import is: this team's, a trusted key's or an unknown one's", async () => {
    const [from, to] = [await freshTeam(), await freshTeam()];
    await take(from, functionOf("f", "1"));
    const text = await exported(from, { sign: true });
    const { signature } = JSON.parse(text) as { signature: { public_key: string; fingerprint: string } };
    expect((await planOf(from, text)).origin.state).toBe("this_team");
    expect((await planOf(to, text)).origin).toMatchObject({ state: "unknown_key", fingerprint: signature.fingerprint });
    const admin = await to.call("admin");
    await trustSigner(admin, { public_key: signature.public_key, name: "Acme" });
    expect((await planOf(to, text)).origin).toMatchObject({ state: "trusted", signer: "Acme" });
    const shown = await useTool(await to.call("admin"), "plan_import", { content: text });
    expect(shown.text).toContain(`Signed by "Acme", whom this team trusts; it says it is from the team ${from.slug}`);
    const signers = (await useTool(admin, "list_signers", {})).data as { own: unknown; trusted: { name: string }[] };
    expect([signers.own, ids(signers.trusted)]).toEqual([null, ["Acme"]]);
    await useTool(admin, "distrust_signer", { fingerprint: signature.fingerprint });
    expect((await planOf(to, text)).origin.state).toBe("unknown_key");
    expect(await rejection(useTool(admin, "distrust_signer", { fingerprint: signature.fingerprint }))).toEqual({
      code: "not_found",
      message: "The team trusts no key with this fingerprint.",
    });
    const log = [...(await auditLog(from.slug)), ...(await auditLog(to.slug))].map(({ action }) => action);
    expect(log.filter((action) => /^(sign|library)/.test(action))).toEqual([
      ...["library.import", "signing_key.create", "signer.trust", "signer.distrust"],
    ]);
  });

  it("is made by one key however often, and the key at rest is sealed", async () => {
    const team = await freshTeam();
    await take(team, functionOf("f", "1"));
    const call = await team.call("admin");
    const bundles = await Promise.all([1, 2, 3].map(() => exportLibrary(call, { sign: true })));
    expect(new Set(bundles.map(({ signature }) => signature?.fingerprint)).size).toBe(1);
    const kept = await call.stub.sharing().signingKey();
    expect(await call.secrets.open("signing key", kept?.sealed ?? "")).toMatch(/^[A-Za-z0-9_-]{64}$/);
    expect(await call.secrets.open("another place", kept?.sealed ?? "")).toBeUndefined();
    // Under another secret of the deployment the old key cannot be opened: the team gets a new one.
    const secrets = {
      seal: async (_place: string, text: string) => text,
      open: async (_place: string, text: string) => (text.length < 80 ? text : undefined),
    };
    const anew = await exportLibrary({ ...call, secrets }, { sign: true });
    expect(anew.signature?.fingerprint).not.toBe(bundles[0]?.signature?.fingerprint);
    expect((await planOf(team, textOf(anew, "yaml"))).origin.state).toBe("this_team");
  });

  it("is refused when anything was changed after it", async () => {
    const [team, other] = [await freshTeam(), await freshTeam()];
    await take(team, functionOf("f", "1"));
    await take(other, functionOf("g", "1"));
    const text = await exported(team, { sign: true });
    const yaml = await exported(team, { sign: true, format: "yaml" });
    const { signature } = JSON.parse(await exported(other, { sign: true })) as { signature: Record<string, string> };
    const changed = (change: (bundle: Record<string, unknown>) => object): string =>
      JSON.stringify(change(JSON.parse(text)));
    const own = (bundle: Record<string, unknown>) => bundle.signature as Record<string, string>;
    const tampered = [
      text.replace("def f: 1;", "def f: 2;"),
      yaml.replace("def f: 1;", "def f: 2;"),
      changed((bundle) => ({ ...bundle, made_by: { ...(bundle.made_by as object), team: "acme" } })),
      changed((bundle) => ({ ...bundle, signature })),
      changed((bundle) => ({ ...bundle, signature: { ...own(bundle), public_key: signature.public_key } })),
      changed((bundle) => ({ ...bundle, signature: { ...own(bundle), fingerprint: signature.fingerprint } })),
      changed((bundle) => ({ ...bundle, signature: { ...own(bundle), value: signature.value } })),
      changed((bundle) => ({ ...bundle, signature: { ...own(bundle), public_key: "A".repeat(43) } })),
      changed((bundle) => ({ ...bundle, tools: [{ name: "t", description: "d", query: "1" }] })),
    ];
    for (const content of tampered) {
      const refusal = await rejection(take(other, content));
      expect([refusal.code, refusal.message]).toEqual([
        "invalid_argument",
        "The signature is not valid: the file was changed after it was signed, or signed with another key.",
      ]);
      expect((await rejection(planOf(other, content))).message).toBe(refusal.message);
    }
    // How it is written does not matter, only what it says.
    expect(
      (
        await planOf(
          team,
          changed((bundle) => bundle),
        )
      ).origin.state,
    ).toBe("this_team");
    expect(
      (
        await planOf(
          team,
          changed(({ signature: _, ...bundle }) => bundle),
        )
      ).origin.state,
    ).toBe("unsigned");
  });
});
