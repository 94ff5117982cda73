// All frames: what each is made of, until when it is kept, pinning and dropping. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import type { ShownFrame } from "../../../features/frames/schema.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { type Action, given, pathOf, textField, useTool } from "../actions.ts";
import { ActionButton, Confirm, Field } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Ago, bytes, type Column, count, DataTable, Empty, Live, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { KindTabs } from "./shared.tsx";

interface Listed {
  frames: ShownFrame[];
  returned: number;
  total: number;
  bytes: number;
}

export const framesDone = {
  pinned: <p>The frame is kept until it is unpinned or dropped.</p>,
  unpinned: <p>The frame expires when it is not used for a while.</p>,
  dropped: <p>The frame is dropped.</p>,
};

export async function framesPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const match = urlOf(c).searchParams.get("q")?.trim() ?? "";
  const { data } = await useTool(call, "list_data", { match, limit: frameLimits.frames });
  const { frames, returned, total, bytes: size } = data as unknown as Listed;
  return teamPage(c, {
    title: "Frames",
    section: "tables",
    crumbs: [{ label: "Tables", path: "/tables" }],
    intro: `Results that were kept: ${bytes(size)} of ${bytes(frameLimits.teamBytes)}. One that is not pinned expires a day after its last use.`,
    attempt,
    done: framesDone,
    children: (
      <>
        <KindTabs c={c} here="frames" />
        <form class="filters" method="get">
          <Field
            name="q"
            label="Find"
            type="search"
            value={match}
            prefix="filter"
            placeholder="Name or what it was made of"
          />
          <button type="submit" class="quiet">
            Find
          </button>
        </form>
        <Live id="frames" kinds={["frame"]}>
          {returned === 0 ? (
            <Empty title={match === "" ? "The team has no frames" : `No frame matches “${match}”`}>
              <p>
                A query with to_frame keeps its result as a frame; read_csv, read_parquet and sql_frame make one, too.
              </p>
            </Empty>
          ) : (
            <>
              <DataTable caption="Frames" rows={frames} columns={columnsOf(c)} />
              <p class="muted">
                {count(total)} {total === 1 ? "frame" : "frames"}
              </p>
            </>
          )}
        </Live>
      </>
    ),
  });
}

function columnsOf(c: PageContext): readonly Column<ShownFrame>[] {
  const call = c.get("call");
  return [
    {
      label: "Name",
      cell: ({ data_ref, name }) => (
        <>
          <a href={pathOf(c, `/tables/-/frames/${data_ref}`)}>
            <bdi>{name ?? data_ref}</bdi>
          </a>
          {name === null ? null : <span class="sub">{data_ref}</span>}
        </>
      ),
    },
    { label: "Rows", number: true, cell: ({ rows }) => count(rows) },
    { label: "Size", number: true, wide: true, cell: (frame) => bytes(frame.bytes) },
    {
      label: "Made by",
      wide: true,
      cell: ({ lineage, created_by }) => (
        <>
          {lineage.operation}{" "}
          <span class="sub">
            by <bdi>{created_by}</bdi>
          </span>
        </>
      ),
    },
    { label: "Kept until", cell: (frame) => <KeptUntil frame={frame} now={call.now()} /> },
    ...(may(call.actor, "data:write")
      ? [{ label: "Do", cell: (frame: ShownFrame) => <FrameButtons frame={frame} /> }]
      : []),
  ];
}

export function KeptUntil({ frame, now }: { frame: ShownFrame; now: number }) {
  return frame.expires_at === null ? <Tag tone="good">pinned</Tag> : <Ago at={frame.expires_at} now={now} />;
}

export function FrameButtons({ frame: { data_ref, name, pinned } }: { frame: ShownFrame }) {
  const what = name ?? data_ref;
  return (
    <span class="version-actions">
      <ActionButton
        action="pin"
        fields={{ data_ref, pinned: pinned ? "no" : "yes" }}
        label={`${pinned ? "Unpin" : "Pin"} ${what}`}
      >
        {pinned ? "Unpin" : "Pin"}
      </ActionButton>
      <Confirm action="drop" label="Drop" about={`Drop ${what}`} button="Drop it for good" fields={{ data_ref }}>
        <p>
          Drop <bdi>{what}</bdi>? A dropped frame cannot be brought back.
        </p>
      </Confirm>
    </span>
  );
}

export const frameActions: Readonly<Record<string, Action>> = {
  pin: async (call, form) => {
    const pinned = form.get("pinned") === "yes";
    await useTool(call, "pin_data", given({ data_ref: textField(form, "data_ref"), pinned }), form);
    return { done: pinned ? "pinned" : "unpinned" };
  },
  drop: async (call, form) => {
    await useTool(call, "drop_data", given({ data_ref: textField(form, "data_ref") }), form);
    return { to: "/tables/-/frames", done: "dropped" };
  },
};
