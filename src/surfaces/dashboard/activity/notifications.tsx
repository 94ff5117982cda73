// One's own notifications as a page: what happened, and marking it as read. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "../../../context.ts";
import { cursorSchema } from "../../../core/paging.ts";
import { listNotifications } from "../../../features/notifications/calls.ts";
import type { Notification } from "../../../features/notifications/schema.ts";
import { type Done, numberField, pathOf, useTool } from "../actions.ts";
import { ActionButton } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, Empty, Live, Pager, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { shownOnPage } from "./json.ts";
import { ActivityTabs, askedFor } from "./tabs.tsx";

const querySchema = z.object({ unread: z.literal("yes").optional(), cursor: cursorSchema });

type Found = Awaited<ReturnType<typeof listNotifications>>;

export async function notificationsPage(c: PageContext, failed?: Attempt): Promise<Response> {
  const call = c.get("call");
  const found = await askedFor(c, querySchema, ({ unread, cursor }) =>
    listNotifications(call, { unread: unread === "yes", cursor }, shownOnPage),
  );
  const attempt = failed ?? ("attempt" in found ? found.attempt : undefined);
  const list = "list" in found ? found.list : undefined;
  return teamPage(c, {
    title: "Notifications",
    section: "activity",
    intro: "What happened in this team that concerns you.",
    tools: (
      <a class="button quiet" href={pathOf(c, "/settings/notifications")}>
        Choose what reaches you
      </a>
    ),
    ...(attempt === undefined ? {} : { attempt }),
    done: { read: "Marked as read." },
    children: (
      <Live id="notifications" kinds={["notification"]}>
        <ActivityTabs c={c} here="notifications" {...(list === undefined ? {} : { unread: list.unread })} />
        {list === undefined ? null : <Inbox c={c} list={list} />}
      </Live>
    ),
  });
}

/** Marks those named, or all up to the newest that was shown: nothing that came since. */
export async function markAsRead(call: CallContext, form: URLSearchParams): Promise<Done> {
  const id = numberField(form, "id");
  await useTool(
    call,
    "mark_notifications_read",
    id === undefined ? { up_to: numberField(form, "up_to") } : { ids: [id] },
    form,
  );
  return { done: "read" };
}

function Inbox({ c, list }: { c: PageContext; list: Found }) {
  const url = urlOf(c);
  const isUnreadOnly = url.searchParams.get("unread") === "yes";
  const here = pathOf(c, "/activity/notifications");
  const newest = list.items.find(({ read }) => !read)?.id;
  return (
    <>
      <div class="actions list-actions">
        {isUnreadOnly ? <a href={here}>Show all</a> : <a href={`${here}?unread=yes`}>Show unread only</a>}
        {newest === undefined ? null : (
          <ActionButton action="read" fields={{ up_to: newest }}>
            {url.searchParams.has("cursor") ? "Mark these and older ones as read" : "Mark all as read"}
          </ActionButton>
        )}
      </div>
      {list.items.length === 0 ? (
        <Empty title={isUnreadOnly ? "Nothing unread" : "No notifications yet"}>
          <p>Votes asked of you, outcomes of your proposals and changes of the library come here.</p>
        </Empty>
      ) : (
        <ol class="notices" aria-label="Notifications">
          {list.items.map((notification) => (
            <Notice c={c} notification={notification} />
          ))}
        </ol>
      )}
      {list.items.length === 0 ? null : (
        <Pager url={url} page={list} what={list.total === 1 ? "notification" : "notifications"} />
      )}
    </>
  );
}

function Notice({ c, notification }: { c: PageContext; notification: Notification }) {
  const { id, subject, title, body, actor, created_at, read } = notification;
  const path = pathTo(subject);
  return (
    <li id={`notice-${id}`} class={read ? undefined : "unread"}>
      <div class="what">
        <span class="title">{path === undefined ? title : <a href={pathOf(c, path)}>{title}</a>}</span>{" "}
        {read ? null : <Tag tone="warn">new</Tag>}
        {body === "" ? null : <p>{body}</p>}
        <p class="hint">
          <bdi>{actor}</bdi>
        </p>
      </div>
      <span class="when">
        <Ago at={created_at} now={c.get("call").now()} />
      </span>
      {read ? null : (
        <ActionButton action="read" fields={{ id }} label={`Mark as read: ${title}`}>
          Mark as read
        </ActionButton>
      )}
    </li>
  );
}

/** Where it happened, below the team's address. */
function pathTo({ kind, name }: Notification["subject"]): string | undefined {
  const part = encodeURIComponent(name);
  switch (kind) {
    case "proposal":
      return `/proposals/${part}`;
    case "tool":
      return `/library/tools/${part}`;
    case "function":
      return `/library/functions/${part}`;
    case "backup":
      return "/settings/backups";
    default:
      return undefined;
  }
}
