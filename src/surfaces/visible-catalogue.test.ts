// The catalogue per actor: what is left out for whom, and that nothing is copied where nothing need be. Runs in workerd.
import { expect, it } from "vitest";
import { aDataset, aTool, type TestTeam, testContext } from "../../test/helpers/catalogue.ts";
import { scopes } from "../core/define-tool.ts";
import type { Asker, Role } from "../features/access/access.ts";
import { visibleCatalogue } from "./visible-catalogue.ts";

const asker = (role: Role, username: string): Asker => ({ role, username, scopes });
const catalogueOf = (team: TestTeam) => testContext(team).context.catalogue;

it("is the whole catalogue, uncopied, while nothing is restricted, and always for owners", () => {
  const open = catalogueOf({ tools: [aTool("a")], datasets: [aDataset("d")] });
  expect(visibleCatalogue(open, asker("viewer", "vic"))).toBe(open);
  const restricted = catalogueOf({ tools: [aTool("a", { visibility: ["bob"] })] });
  expect(visibleCatalogue(restricted, asker("owner", "ada"))).toBe(restricted);
});

it("is made once for all who see the same", () => {
  const catalogue = catalogueOf({
    tools: [aTool("a", { visibility: ["bob"] }), aTool("b", { visibility: "admin" }), aTool("c")],
    datasets: [aDataset("d", { visibility: "member" }), aDataset("e", { visibility: ["bob", "vic"] })],
  });
  const seen = (role: Role, username: string) => {
    const view = visibleCatalogue(catalogue, asker(role, username));
    return [...view.tools.keys(), ...view.datasets.keys()].join(" ");
  };
  expect([
    seen("viewer", "vic"),
    seen("viewer", "eve"),
    seen("member", "bob"),
    seen("member", "eve"),
    seen("admin", "mia"),
  ]).toEqual(["c e", "c", "a c d e", "c d", "b c d"]);
  expect(visibleCatalogue(catalogue, asker("member", "eve"))).toBe(visibleCatalogue(catalogue, asker("member", "kim")));
  expect(visibleCatalogue(catalogue, asker("member", "bob"))).not.toBe(
    visibleCatalogue(catalogue, asker("member", "eve")),
  );
  expect(visibleCatalogue(catalogue, asker("admin", "mia")).functions).toBe(catalogue.functions);
});
