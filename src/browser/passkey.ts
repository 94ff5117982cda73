// Passkeys: asks the browser for one and the server whether it counts. Runs in the browser.
import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from "@simplewebauthn/browser";

/** A refusal of the server, whose words are shown as they are. */
class Refusal extends Error {}

async function post<Answer>(path: string, body: unknown): Promise<Answer> {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const content = (await answer.json()) as Answer & { detail?: string; hint?: string };
  if (!answer.ok) throw new Refusal([content.detail, content.hint].filter(Boolean).join(" "));
  return content;
}

async function signIn(returnTo: string): Promise<string> {
  const optionsJSON = await post<PublicKeyCredentialRequestOptionsJSON>("/sign-in/passkey/options", {});
  const response = await startAuthentication({ optionsJSON });
  const { next } = await post<{ next: string }>("/sign-in/passkey/verify", { response, return_to: returnTo });
  return next;
}

async function register(form: HTMLElement, returnTo: string): Promise<string> {
  const name = form.querySelector<HTMLInputElement>("input[name=display_name]")?.value;
  const optionsJSON = await post<PublicKeyCredentialCreationOptionsJSON>("/sign-in/passkey/register/options", {
    ...(name === undefined ? {} : { display_name: name }),
    ...(form.dataset.invitation === undefined ? {} : { invitation: form.dataset.invitation }),
  });
  const response = await startRegistration({ optionsJSON });
  const { next } = await post<{ next: string }>("/sign-in/passkey/register/verify", { response, return_to: returnTo });
  return next;
}

function explain(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  if (error instanceof WebAuthnError && error.code === "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED") {
    return "This device has a passkey of your account already.";
  }
  if (error instanceof Error && error.name === "NotAllowedError")
    return "The passkey prompt was closed or timed out. Try again.";
  if (error instanceof Error && error.name === "AbortError")
    return "The passkey prompt was replaced by another. Try again.";
  return "The passkey could not be used. Try again, or choose another way.";
}

function prepare(form: HTMLFormElement): void {
  const status = form.querySelector<HTMLElement>("[role=status]");
  const button = form.querySelector<HTMLButtonElement>("button");
  if (status === null || button === null) return;
  form.hidden = false;
  if (!browserSupportsWebAuthn()) {
    button.disabled = true;
    status.textContent = "This browser has no passkeys here. They need https or localhost.";
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const returnTo = form.dataset.returnTo ?? "/";
    button.disabled = true;
    status.textContent = "Follow your browser's prompt.";
    try {
      location.assign(form.dataset.passkey === "register" ? await register(form, returnTo) : await signIn(returnTo));
    } catch (error) {
      status.textContent = explain(error);
      button.disabled = false;
    }
  });
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-passkey]")) prepare(form);
