// People and invitations over RPC: thin; the rules are in membership.ts and invitations.ts. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Caller, Role } from "../access/access.ts";
import {
  type Acceptance,
  acceptInvitation,
  createInvitation,
  describeInvitation,
  membershipOf,
  type NewInvitation,
  readInvitation,
  revokeInvitation,
} from "./invitations.ts";
import { type Departure, leaveTeam, removeMember, setRole, transferOwnership } from "./membership.ts";
import type { Accepted, Invitation, InvitationView, Member, Membership } from "./schema.ts";
import { type InvitationFilter, selectInvitations, selectMembers } from "./store.ts";

/** The people of one team and the invitations into it. */
export class PeopleRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Everyone in the team, service accounts included, by username. */
  members(role?: Role): Member[] {
    return selectMembers(this.#deps.db, this.#deps.now(), role);
  }

  setRole(input: { username: string; role: Role }, by: Caller): ReturnType<typeof setRole> {
    return setRole(this.#deps, input, by);
  }

  remove(username: string, by: Caller): Departure {
    return removeMember(this.#deps, username, by);
  }

  leave(by: Caller): Departure {
    return leaveTeam(this.#deps, by);
  }

  transfer(username: string, by: Caller): { owner: string; you: Role } {
    return transferOwnership(this.#deps, username, by);
  }

  /** What a signed-in person is here; undefined for who is not in the team, was removed, or while the team is deleted. */
  membershipOf(personId: string): Membership | undefined {
    return membershipOf(this.#deps, personId);
  }

  invite(input: NewInvitation, by: Caller): Invitation {
    return createInvitation(this.#deps, input, by);
  }

  invitations(filter: InvitationFilter): ReturnType<typeof selectInvitations> {
    return selectInvitations(this.#deps.db, filter, this.#deps.now());
  }

  invitation(id: string): Invitation {
    return readInvitation(this.#deps, id);
  }

  revokeInvitation(id: string, by: Caller): void {
    revokeInvitation(this.#deps, id, by);
  }

  describeInvitation(hash: string): InvitationView {
    return describeInvitation(this.#deps, hash);
  }

  acceptInvitation(input: Acceptance): Accepted {
    return acceptInvitation(this.#deps, input);
  }
}
