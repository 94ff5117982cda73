// The choice between one's own and everyone's, where an admin may see both. Runs at the edge.
import { Field } from "../forms.tsx";

/** Is in the address as `?of=`. `label` says whose there are besides one's own. */
export function WhoseFilter({ everyone, label }: { everyone: boolean; label: string }) {
  return (
    <form class="filters" method="get">
      <Field
        name="of"
        label="Whose"
        value={everyone ? "everyone" : "me"}
        prefix="filter"
        options={[
          { value: "me", label: "Mine" },
          { value: "everyone", label },
        ]}
      />
      <button type="submit" class="quiet">
        Show
      </button>
    </form>
  );
}
