// Ways from one state of the playground to another: links while an address can hold the query, else buttons that send it. Runs at the edge.
import type { Child } from "hono/jsx";
import { actionField } from "../actions.ts";
import { addressOf, fieldsOf, fitsAddress, type PlaygroundState } from "./state.ts";

/** The state as hidden fields of a form. */
export function StateFields({ state, without = [] }: { state: PlaygroundState; without?: readonly string[] }) {
  return (
    <>
      {fieldsOf(state)
        .filter(([name]) => !without.includes(name))
        .map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
    </>
  );
}

/** Leads to a state. `path` is the page's own address. */
export function Move(props: {
  path: string;
  to: PlaygroundState;
  children: Child;
  here?: boolean;
  class?: string;
  label?: string;
}) {
  const { path, to, children, here, label } = props;
  const address = addressOf(path, to);
  if (fitsAddress(address)) {
    return (
      <a href={address} class={props.class} aria-current={here === true ? "page" : undefined} aria-label={label}>
        {children}
      </a>
    );
  }
  return (
    <form method="post" action={path} class="inline">
      <input type="hidden" name={actionField} value="run" />
      <StateFields state={to} />
      <button type="submit" class={props.class ?? "quiet small"} aria-current={here === true ? "page" : undefined}>
        {children}
      </button>
    </form>
  );
}
