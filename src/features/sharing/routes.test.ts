// Sharing over REST.

import { describe, expect, it } from "vitest";
import { apiOf } from "../../../test/helpers/api.ts";
import { awkward, take } from "../../../test/helpers/sharing.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { readLibraryText } from "./library-text.ts";
import { shareRoutes } from "./routes.ts";

describe("the routes", () => {
  function appOf(call: CallContext) {
    return apiOf(call, shareRoutes);
  }

  it("export, plan and import", async () => {
    const [from, to] = [await freshTeam(), await freshTeam()];
    await take(from, awkward);
    const viewer = appOf(await from.call("viewer"));
    const answer = await viewer.request("/library/approved_tools.yaml?names=everything");
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("content-disposition")]).toEqual([
      ...[200, "application/yaml", `attachment; filename="${from.slug}-approved_tools.yaml"`],
    ]);
    const text = await answer.text();
    const importer = appOf(await to.call("admin"));
    const post = (path: string, body: string) => importer.request(path, { method: "POST", body });
    const plan = await (await post("/library/plan", text)).json<{ plan: string; counts: object }>();
    expect(plan.counts).toEqual({ create: 4 });
    const report = await (await post(`/library/import?expected_plan=${plan.plan}`, text)).json();
    expect(report).toMatchObject({ created: [{}, {}, {}, { name: "everything" }], failed: [] });
    const all = await (await viewer.request("/library/library.json")).json<{
      functions: unknown[];
      tools: unknown[];
    }>();
    expect([all.functions.length, all.tools.length]).toEqual([4, 3]);
    for (const path of ["functions.json", "functions.yaml", "approved_tools.json", "library.yaml"]) {
      const { entries } = readLibraryText(await (await viewer.request(`/library/${path}`)).text());
      expect([path, entries.length]).toEqual([path, path.startsWith("f") ? 4 : path.startsWith("a") ? 6 : 7]);
    }
    expect(await (await viewer.request("/library/library.json?sign=true")).json()).toMatchObject({ code: "forbidden" });
    expect(await (await viewer.request("/library/library.json?names=a-b")).json()).toMatchObject({
      code: "invalid_argument",
    });
    expect(await (await viewer.request("/library/import", { method: "POST", body: text })).json()).toMatchObject({
      code: "forbidden",
      message: "As viewer you may not import functions and tools: it needs the role member or higher.",
    });
  });

  it("keep the keys a team trusts, for admins to change", async () => {
    const team = await freshTeam();
    const admin = appOf(await team.call("admin"));
    const body = JSON.stringify({ public_key: "A".repeat(43), name: "Acme" });
    const trusted = await (await admin.request("/signers", { method: "POST", body })).json<{ fingerprint: string }>();
    expect(await (await appOf(await team.call("viewer")).request("/signers")).json()).toMatchObject({
      own: null,
      trusted: [{ name: "Acme", fingerprint: trusted.fingerprint, added_by: "ada" }],
    });
    expect(
      await (await appOf(await team.call("member")).request("/signers", { method: "POST", body })).json(),
    ).toMatchObject({
      code: "forbidden",
    });
    const gone = await admin.request(`/signers/${trusted.fingerprint}`, { method: "DELETE" });
    expect(await gone.json()).toMatchObject({ name: "Acme" });
  });
});
