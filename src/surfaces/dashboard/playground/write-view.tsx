// SQL that changes rows: asked for by a button, tried first if one likes, and what it did. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { may } from "../../../features/access/access.ts";
import { Form } from "../forms.tsx";
import { count } from "../parts.tsx";
import { ResultTable } from "./cells.tsx";
import { StateFields } from "./moves.tsx";
import type { Written } from "./running.ts";
import type { PlaygroundState } from "./state.ts";

export function ChangePanel({ call, state }: { call: CallContext; state: PlaygroundState }) {
  if (!may(call.actor, "data:write")) {
    return (
      <div class="warning" role="alert">
        <p>This statement changes rows, and you may only read here. Nothing was run.</p>
        <p>Members and admins change rows; an admin of the team can make you one.</p>
      </div>
    );
  }
  return (
    <div class="warning" role="alert">
      <p>This statement changes rows. Nothing was run yet: a change runs when you press its button, never by a link.</p>
      <ChangeButtons state={state} />
    </div>
  );
}

function ChangeButtons({ state }: { state: PlaygroundState }) {
  return (
    <Form action="write" label="Run the change">
      <StateFields state={state} />
      <div class="actions">
        <button type="submit" class="quiet" name="dry_run" value="yes">
          Try it: count what it would change
        </button>
        <button type="submit" class="danger">
          Run the change
        </button>
      </div>
    </Form>
  );
}

export function WrittenView(props: { call: CallContext; state: PlaygroundState; written: Written }) {
  const { changed, tables, isDry, shown } = props.written;
  const records = `${count(changed)} ${changed === 1 ? "record" : "records"} of ${tables.join(", ")}`;
  return (
    <>
      <div class={isDry ? "warning" : "notice"} role="status">
        <p>{isDry ? `It would change ${records}. Nothing was changed.` : `Changed ${records}.`}</p>
        {isDry ? <ChangeButtons state={props.state} /> : null}
      </div>
      {shown === undefined ? null : <ResultTable shown={shown} />}
    </>
  );
}
