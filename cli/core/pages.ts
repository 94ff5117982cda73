// Reading a list over REST to its end. Runs under Node.
import type { Api, ApiRequest } from "./http.ts";
import type { Page } from "./wire.ts";

const pageSize = 500;

/** All entries of a list, `pick` taking them out of each page. */
export async function readAllPages<Answer extends Page, Item>(
  api: Api,
  path: string,
  pick: (answer: Answer) => Item[],
  query: ApiRequest["query"] = {},
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const answer: Answer = await api.json<Answer>(path, { query: { ...query, limit: pageSize, cursor } });
    items.push(...pick(answer));
    cursor = answer.next_cursor;
  } while (cursor !== undefined);
  return items;
}
