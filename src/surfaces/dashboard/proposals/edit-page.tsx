// Editing a proposal: its author changes it, or resolves a conflict with both sides in view; votes begin anew. Runs at the edge.
import { AppError } from "../../../core/errors.ts";
import { readProposal } from "../../../features/approvals/calls.ts";
import type { Proposal } from "../../../features/approvals/schema.ts";
import { approvalLimits } from "../../../workflow-limits.ts";
import { type Action, pathOf, useTool } from "../actions.ts";
import { Field, Form } from "../forms.tsx";
import { teamPage } from "../page.tsx";
import { Code, Diff } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { diffLines } from "./content.tsx";
import { codeField, editText, readEdit } from "./editing.ts";
import { titleOf } from "./words.tsx";

const idOf = (c: PageContext): string => c.req.param("id") ?? "";

/** Browsers end lines in a form's text with CR LF. */
const linesOf = (form: URLSearchParams, name: string): string => (form.get(name) ?? "").replaceAll("\r\n", "\n");

export const editActions: Readonly<Record<string, Action>> = {
  edit: async (call, form, c) => {
    const { proposal } = await readProposal(call, idOf(c));
    const edit = readEdit(proposal, {
      description: linesOf(form, "description"),
      code: linesOf(form, "code"),
      rest: linesOf(form, "rest"),
      justification: linesOf(form, "justification").trim(),
      tests: linesOf(form, "tests"),
    });
    await useTool(call, "edit_proposal", { id: proposal.id, ...edit }, form);
    return { to: `/proposals/${proposal.id}`, done: "edited" };
  },
};

export async function editPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const { proposal } = await readProposal(call, idOf(c));
  if (proposal.author !== call.actor.username) {
    throw new AppError("forbidden", `Only ${proposal.author}, its author, may edit this proposal.`, {
      hint: "Vote on it with a comment, or propose your own.",
    });
  }
  if (proposal.state !== "pending" && attempt === undefined) {
    throw new AppError("conflict", `This proposal is ${proposal.state}, so it cannot be edited.`, {
      hint: "Propose a further change.",
    });
  }
  const title = titleOf(proposal);
  return teamPage(c, {
    title: proposal.conflict === null ? "Edit the proposal" : "Resolve the conflict",
    section: "proposals",
    crumbs: [
      { label: "Proposals", path: "/proposals" },
      { label: title, path: `/proposals/${proposal.id}` },
    ],
    intro: "What you save is checked and tested again. Votes begin anew, since they are on what was read.",
    attempt,
    children: (
      <>
        <Gave attempt={attempt} />
        <BothSides proposal={proposal} />
        <EditForm c={c} proposal={proposal} attempt={attempt} />
      </>
    ),
  });
}

/** What tests that fail gave: it may come out of data, so the error does not say it. */
function Gave({ attempt }: { attempt: Attempt | undefined }) {
  const message = attempt?.error.details?.message;
  return typeof message === "string" && message !== "" ? <Code text={message} label="What failed" /> : null;
}

function BothSides({ proposal: { conflict, kind, name } }: { proposal: Proposal }) {
  if (conflict === null) return null;
  const { current_version, fields, theirs, ours } = conflict;
  return (
    <section class="card" aria-labelledby="sides-title">
      <h2 id="sides-title">Both sides</h2>
      <p>
        Version {current_version} of the {kind} <bdi>{name}</bdi> and you both changed {fields.join(", ")}. What you
        write there below counts, on top of version {current_version}; all other fields are merged by themselves.
      </p>
      <div class="columns">
        <div>
          <h3>What changed meanwhile</h3>
          <Diff lines={diffLines(theirs)} label="Changes made meanwhile" />
        </div>
        <div>
          <h3>What you proposed</h3>
          <Diff lines={diffLines(ours)} label="Changes you proposed" />
        </div>
      </div>
    </section>
  );
}

function EditForm({ c, proposal, attempt }: { c: PageContext; proposal: Proposal; attempt: Attempt | undefined }) {
  const { content } = proposal;
  const text = editText(proposal);
  const inConflict = (field: string): string =>
    proposal.conflict?.fields.includes(field) === true ? " (in conflict)" : "";
  return (
    <Form action="edit" class="card" label="Proposal">
      {content === null ? null : (
        <>
          <Field
            name="description"
            label={`Description${inConflict("description")}`}
            value={text.description}
            rows={3}
            attempt={attempt}
          />
          <CodeField
            c={c}
            proposal={proposal}
            value={text.code}
            attempt={attempt}
            mark={inConflict(codeField(content))}
          />
          <Field
            name="rest"
            label="Further fields"
            hint="YAML, as the library writes it: parameters, datasets and so on."
            value={text.rest}
            rows={Math.min(16, text.rest.split("\n").length + 1)}
            code
            attempt={attempt}
          />
        </>
      )}
      <Field
        name="justification"
        label="Why"
        value={text.justification}
        rows={3}
        required
        maxlength={approvalLimits.justificationChars}
        attempt={attempt}
      />
      <Field
        name="tests"
        label="Tests"
        hint="YAML: a list of tests, each with expected or assert. They run when you save."
        value={text.tests}
        rows={Math.min(16, text.tests.split("\n").length + 2)}
        code
        attempt={attempt}
      />
      <p class="actions">
        <button type="submit">Save and open to votes</button>{" "}
        <a class="button quiet" href={pathOf(c, `/proposals/${proposal.id}`)}>
          Leave it as it is
        </a>
      </p>
    </Form>
  );
}

function CodeField(props: {
  c: PageContext;
  proposal: Proposal;
  value: string;
  mark: string;
  attempt: Attempt | undefined;
}) {
  const { c, proposal, value, mark, attempt } = props;
  const { content, kind } = proposal;
  if (content === null) return null;
  const variables =
    "parameters" in content && kind === "tool" ? content.parameters.map(({ name }) => name).join(" ") : undefined;
  return (
    <div class="field">
      <label for="f-code">
        {kind === "tool" ? "Query" : "Definition"}
        {mark}
      </label>
      <jq-editor
        data-language="jq"
        data-kind={kind}
        data-check={pathOf(c, "/library/check")}
        data-complete={pathOf(c, "/library/completions")}
        data-variables={variables}
      >
        <textarea id="f-code" name="code" class="code" rows={8} spellcheck={false}>
          {attempt?.form.get("code") ?? value}
        </textarea>
      </jq-editor>
    </div>
  );
}
