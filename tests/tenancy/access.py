"""What each address of the portal asks of a person; the matrix holds every one of them to it."""

from pecportal.permissions import Power

ANYBODY = {  # signed in or not
    *("account_login", "account_logout", "set_language", "mailboxes:callback", "invitation", "account_inactive"),
    *("account_reset_password", "account_reset_password_done", "account_reset_password_from_key"),
    *("api_problems", "api_problem"),
    *("account_reset_password_from_key_done", "mfa_authenticate", "mfa_login_webauthn"),
}
SIGNED_IN = {
    *("journal:index", "journal:export"),  # of one's own acts at least
    *("home", "choose_organisation", "account_change_password", "account_set_password", "account_reauthenticate"),
    *("usersessions_list", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp"),
    *("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_list_webauthn"),
    *("mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn"),
}
MEMBERS = {
    *("mailboxes:index", "mailboxes:expiries", "mailboxes:detail"),
    *("campaigns:index", "campaigns:detail", "campaigns:live", "campaigns:doubts", "campaigns:outlook"),
}
# what the world below has none of: nobody finds it, whatever their powers
NOT_THERE = {"mailboxes:page_picture", "campaigns:proof", "campaigns:faulty_file", "campaigns:cancel_reading"}
POWERS: dict[Power, set[str]] = {
    Power.REGISTER: {
        *("mailboxes:start", "mailboxes:availability", "mailboxes:places", "mailboxes:record", "mailboxes:adopt"),
        *("mailboxes:review", "mailboxes:submit", "mailboxes:discard", "mailboxes:ask_again", "mailboxes:step"),
        *("mailboxes:form", "mailboxes:documents", "mailboxes:put_paper", "mailboxes:take_paper_back"),
        *("mailboxes:use_paper_again", "mailboxes:paper", "mailboxes:page_picture", "mailboxes:renew"),
        *("mailboxes:revoke", "mailboxes:confirm_order", "mailboxes:withdraw_order", "mailboxes:settle_order"),
        "mailboxes:refresh",
        "mailboxes:hand_in_again",
    },
    Power.MEMBERS: {
        *("members", "member_invite", "member", "member_remove", "invitation_again", "invitation_revoke"),
    },
    Power.KEYS: {
        *("programs", "program_new", "program", "program_change", "program_key", "program_end", "key_rotate"),
        "key_revoke",
        *("webhooks:index", "webhooks:new", "webhooks:webhook", "webhooks:edit", "webhooks:secret"),
        *("webhooks:rotate", "webhooks:test", "webhooks:switch_on", "webhooks:switch_off", "webhooks:remove"),
        *("webhooks:redeliver_failed", "webhooks:delivery", "webhooks:redeliver"),
    },
    Power.VERIFY: {"journal:verify"},
    Power.RULES: {"organisation_settings"},
    Power.CREDENTIALS: {"mailboxes:credentials", "mailboxes:test_credentials"},
    Power.PREPARE: {
        *("campaigns:new", "campaigns:contacts", "campaigns:new_contact", "campaigns:import_contacts"),
        *("campaigns:export_contacts", "campaigns:contacts_history", "campaigns:make_group", "campaigns:group_remove"),
        *("campaigns:contact", "campaigns:contact_remove", "campaigns:edit", "campaigns:recipients"),
        *("campaigns:skip", "campaigns:columns", "campaigns:list_sheet", "campaigns:reading", "campaigns:domains"),
        *("campaigns:list_of_groups", "campaigns:group_of_list", "campaigns:cancel_reading", "campaigns:text"),
        *("campaigns:text_keep", "campaigns:text_use", "campaigns:saved_texts", "campaigns:saved_text"),
        *("campaigns:text_put_away", "campaigns:text_body", "campaigns:check_text", "campaigns:attachments"),
        *("campaigns:detach", "campaigns:own", "campaigns:own_column", "campaigns:own_remove"),
        *("campaigns:own_leave_out", "campaigns:own_go_without", "campaigns:own_cancel", "campaigns:own_place"),
        *("campaigns:letter", "campaigns:letter_sample", "campaigns:letter_make", "campaigns:letter_stop"),
        *("campaigns:letter_remove", "campaigns:letterheads", "campaigns:letterhead_new", "campaigns:letterhead"),
        *("campaigns:letterhead_remove", "campaigns:when", "campaigns:duplicate", "campaigns:addresses"),
        *("campaigns:again", "campaigns:close", "campaigns:check", "campaigns:checking", "campaigns:submit"),
        *("campaigns:take_back", "registers:index", "registers:domain", "registers:lookup", "registers:download"),
        "campaigns:preview",
        *("campaigns:contact_run", "campaigns:contact_run_cancel", "campaigns:text_edit"),
    },
    Power.READ: {
        *("campaigns:messages", "campaigns:message", "campaigns:message_body", "campaigns:doubt", "campaigns:proof"),
        *("campaigns:incident_seen", "campaigns:results", "campaigns:rows", "campaigns:faulty_file"),
        *("campaigns:attachment", "campaigns:own_file", "campaigns:preview_body", "campaigns:sheet"),
        *("campaigns:sheet_pdf", "campaigns:desk", "campaigns:desk_item", "campaigns:desk_link"),
        *("campaigns:desk_aside", "campaigns:desk_undo"),
    },
    Power.DECIDE: {"campaigns:confirm_decision", "campaigns:withdraw_decision"},
    Power.START: {"campaigns:start", "campaigns:test", "campaigns:resume", "campaigns:move"},
    Power.STOP: {"campaigns:undo", "campaigns:pause", "campaigns:stop"},
    Power.APPROVE: {"campaigns:approval"},
}


def of(name: str) -> Power | None:
    """The power that an address asks for; None for one that any member may open. Raises `LookupError` if unknown."""
    found = [power for power, names in POWERS.items() if name in names]
    if len(found) + (name in MEMBERS | SIGNED_IN | ANYBODY) != 1:
        raise LookupError(f"{name}: say in tests/tenancy/access.py, once, what it asks of a person.")
    return found[0] if found else None
