// The team's own signing key, and the keys of other teams that it trusts. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import type { Signers } from "../../../features/sharing/schema.ts";
import { Confirm, Field, Form, Problem } from "../forms.tsx";
import { Ago, Copy, DataTable } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";

export function SignersCard(props: { c: PageContext; signers: Signers; attempt: Attempt | undefined }) {
  const { c, signers, attempt } = props;
  const { own, trusted } = signers;
  const manages = may(c.get("call").actor, "settings:manage");
  return (
    <section class="card" aria-labelledby="signers-title">
      <h2 id="signers-title">Signatures</h2>
      {own === null ? (
        <p>The team has no signing key yet; its first signed export makes one.</p>
      ) : (
        <>
          <p>The team's public key. Give it to teams that import from you, on a way they trust.</p>
          <Copy id="own-key" text={own.public_key} label="public key" />
        </>
      )}
      <h3>Keys the team trusts</h3>
      {trusted.length === 0 ? (
        <p class="muted">None. Imports signed by others are shown as of an unknown key.</p>
      ) : (
        <DataTable
          caption="Trusted keys"
          rows={trusted}
          columns={[
            { label: "Name", cell: ({ name }) => <bdi>{name}</bdi> },
            { label: "Fingerprint", cell: ({ fingerprint }) => <code>{fingerprint.slice(0, 16)}…</code> },
            { label: "Since", wide: true, cell: ({ added_at }) => <Ago at={added_at} now={c.get("call").now()} /> },
            { label: "By", wide: true, cell: ({ added_by }) => <bdi>{added_by}</bdi> },
            ...(manages
              ? [
                  {
                    label: "Change",
                    cell: ({ fingerprint, name }: Signers["trusted"][number]) => (
                      <Confirm
                        action="distrust"
                        label="Stop trusting"
                        about={`Stop trusting ${name}`}
                        button="Stop trusting it"
                        fields={{ fingerprint }}
                      >
                        <p>Imports signed with it are shown as of an unknown key again. What was imported stays.</p>
                      </Confirm>
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
      {manages ? <TrustForm attempt={attempt} /> : null}
    </section>
  );
}

function TrustForm({ attempt }: { attempt: Attempt | undefined }) {
  return (
    <details open={attempt !== undefined}>
      <summary>Trust another team's key</summary>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="trust">
        <div class="form-grid">
          <Field
            name="public_key"
            label="Public key"
            required
            maxlength={43}
            code
            attempt={attempt}
            prefix="trust"
            hint="43 characters. Get it from that team itself, not out of the file."
          />
          <Field
            name="name"
            label="Show its imports as"
            required
            maxlength={100}
            attempt={attempt}
            prefix="trust"
            hint="The team's name, say."
          />
        </div>
        <button type="submit" class="quiet">
          Trust it
        </button>
      </Form>
    </details>
  );
}
