// `datasets list`: the team's datasets. Runs under Node.
import type { Command } from "../../core/command.ts";
import { exitCodes } from "../../core/errors.ts";
import { byteText, table } from "../../core/output.ts";
import { readAllPages } from "../../core/pages.ts";
import type { Dataset, Page } from "../../core/wire.ts";

export const listDatasets: Command = {
  examples: ["super-data datasets list", "super-data datasets list --json | jq -r '.datasets[].name'"],
  run: async ({ output, session }) => {
    const { api } = await session();
    const datasets = await readAllPages(api, "/datasets", (page: Page & { datasets: Dataset[] }) => page.datasets);
    await output.result({ datasets }, () =>
      datasets.length === 0
        ? "There are none. Bring one in with `super-data datasets push FILE`."
        : table(
            datasets.map((one) => ({
              ...one,
              size: byteText(one.bytes),
              records: one.kind === "records" ? one.record_count : "whole",
              about: one.description.split("\n")[0],
            })),
            [
              { title: "NAME", key: "name" },
              { title: "VERSION", key: "version", right: true },
              { title: "RECORDS", key: "records", right: true },
              { title: "SIZE", key: "size", right: true },
              { title: "CHANGED", key: "updated_at" },
              { title: "DESCRIPTION", key: "about" },
            ],
          ),
    );
    return exitCodes.ok;
  },
};
