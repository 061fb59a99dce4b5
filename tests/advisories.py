"""Published faults of gateways and token libraries, and the tests here that guard against each.

The key is the advisory's number, the value the ids of tests. ``ELSEWHERE`` names the parts that
this product does not have, so that an advisory about one of them has no code to guard; whoever
adds the part moves its advisories into ``ADVISORIES``.
"""

from collections.abc import Mapping

_WEB = "tests/web/test_"

STATE = (
    f"{_WEB}callback.py::test_S1_a_callback_without_a_state_of_ours_touches_nothing",
    f"{_WEB}callback.py::test_S1_another_browsers_callback_touches_nothing",
)
RANDOM_STATE = (*STATE, "tests/test_attempts.py::test_S1_the_state_is_random_short_and_unrelated")
RETURN_URL = (
    "tests/test_sites.py::test_R1_any_other_address_is_refused",
    f"{_WEB}bad_input.py::test_R1_a_return_url_is_exactly_on_the_site",
    f"{_WEB}bad_input.py::test_R1_the_start_form_comes_from_the_page_it_returns_to",
)
APPROVAL = (
    f"{_WEB}approval_forms.py::test_S12_the_token_of_the_form_is_compared_whole",
    f"{_WEB}approval_forms.py::test_S12_a_token_is_good_for_its_attempt_alone",
    f"{_WEB}approval_forms.py::test_S12_approving_another_browsers_attempt_does_nothing",
)
CODE = (
    f"{_WEB}token.py::test_S3_of_parallel_redemptions_exactly_one_wins",
    f"{_WEB}token.py::test_R5_a_refusal_burns_the_code_that_it_names",
    f"{_WEB}token.py::test_R5_a_code_lives_for_a_minute",
)
ALGORITHM = (
    "tests/test_verify.py::test_T1_every_vector_gets_its_answer_and_the_same_again",
    f"{_WEB}revoke.py::test_T1_garbage_and_forgeries_are_answered_as_the_rest",
)
REFRESH = (
    f"{_WEB}refresh.py::test_T7_a_token_is_forgiven_for_a_minute_after_its_successor_was_used",
    f"{_WEB}refresh.py::test_T7_a_token_two_generations_old_is_never_forgiven",
    "tests/test_sessions.py::test_T7_two_workers_do_not_make_two_successors",
)
NO_JOINING = ("tests/test_commenters.py::test_I3_an_equal_e_mail_joins_nobody",)
FORWARDED = (
    f"{_WEB}bad_input.py::test_N1_forwarded_names_are_not_believed",
    f"{_WEB}limits.py::test_forwarded_addresses_are_not_believed",
    f"{_WEB}assets.py::test_no_header_or_cookie_skips_a_step",
)
NO_PRIVATE_ADDRESS = (
    "tests/test_http_public.py::test_N5_a_name_that_leads_to_any_private_address_is_refused",
    "tests/test_http_public.py::test_N5_the_address_that_was_judged_is_the_one_that_is_connected_to",
    "tests/test_http.py::test_N5_redirects_are_not_followed",
)
SWITCHED_OFF = (
    f"{_WEB}attempt.py::test_S11_a_provider_that_is_switched_off_ends_what_is_under_way",
    f"{_WEB}token.py::test_S11_what_was_switched_off_meanwhile_ends_the_code",
    f"{_WEB}refresh.py::test_S11_a_provider_that_is_switched_off_renews_nothing",
)
ODD_COOKIES = (
    f"{_WEB}cookies.py::test_any_header_at_all_can_be_read",
    f"{_WEB}approval_forms.py::test_a_session_cookie_that_is_none_signs_nobody_in",
)
NO_SECRET_TOLD = (
    f"{_WEB}secrets.py::test_N7_no_secret_of_a_sign_in_reaches_a_line_page_or_row",
    f"{_WEB}unproven.py::test_R2_an_open_redirector_on_the_blog_gets_no_code",
)
CLOSED_START = (f"{_WEB}server.py::test_a_wrong_configuration_never_listens",)
CERTIFICATES = (
    "tests/test_http.py::test_N5_a_certificate_by_an_unknown_authority_is_refused",
    "tests/test_http.py::test_N5_a_certificate_for_another_name_is_refused",
)
FIXATION = (
    "tests/test_gateway_sessions.py::test_S13_the_cookie_changes_at_every_sign_in_and_the_row_stays",
    f"{_WEB}stories.py::test_the_people_of_one_browser_follow_each_other",
    f"{_WEB}approval_changes.py::test_S13_an_answer_counts_for_the_person_who_was_asked",
)
DEAD_PEOPLE = (
    f"{_WEB}token.py::test_I6_what_has_ended_meanwhile_ends_the_code",
    f"{_WEB}refresh.py::test_I6_who_may_not_comment_any_more_gets_no_new_token",
)
DOUBLED = (
    f"{_WEB}bad_input.py::test_a_field_that_stands_there_twice_is_refused",
    f"{_WEB}callback.py::test_a_parameter_that_stands_there_twice_touches_nothing",
)

ADVISORIES: Mapping[str, tuple[str, ...]] = {
    # fosite: a loopback redirect URI could be overridden; redirect URIs matched in any case
    "CVE-2020-15233": RETURN_URL,
    "CVE-2020-15234": RETURN_URL,
    # Hydra: the jti of a client assertion could be used again; here every assertion is refused
    "CVE-2020-5300": (CODE[1],),
    "GHSA-3p3g-vpw6-4w66": (CODE[1],),
    # Dex: the approval page had no MAC, so a code could be stolen
    "CVE-2022-39222": APPROVAL,
    "GHSA-vh7g-p26c-j2cw": APPROVAL,
    # Parse Server: Facebook app ids were compared as parts of each other
    "CVE-2022-39231": (f"{_WEB}identity.py::test_S9_the_token_is_for_our_app_to_the_last_digit",),
    # mod_auth_openidc: a crafted cookie crashed it; a cookie named the number of its chunks
    "CVE-2023-28625": ODD_COOKIES,
    "CVE-2024-24814": (
        f"{_WEB}cookies.py::test_T6_a_value_larger_than_any_of_ours_counts_as_absent",
    ),
    # Nextcloud: authorization codes never expired
    "CVE-2024-22403": CODE,
    # Dex: TLS settings were dropped without a word
    "CVE-2024-23656": CERTIFICATES,
    "GHSA-gr79-9v6v-gc9r": CERTIFICATES,
    # Authlib: a public key served as an HMAC secret
    "CVE-2024-37568": ALGORITHM,
    # Keycloak: pushed parameters stood in a readable cookie
    "CVE-2024-4540": (
        NO_SECRET_TOLD[0],
        "tests/test_attempts.py::test_T9_state_verifier_and_cookie_are_not_readable_in_the_database",
    ),
    # fastapi-sso: the state was never compared
    "CVE-2025-14546": STATE,
    # Zitadel: what an identity provider had answered could be used again
    "CVE-2025-46815": (
        f"{_WEB}callback.py::test_S3_a_replayed_callback_is_over",
        f"{_WEB}stories.py::test_S3_of_two_identical_callbacks_exactly_one_wins",
    ),
    # Authlib: `crit` was passed over; segments had no bound
    "CVE-2025-59420": ALGORITHM,
    "CVE-2025-61920": (
        ALGORITHM[1],
        "tests/test_verify.py::test_T6_no_keys_are_fetched_for_a_token_that_cannot_be_one",
    ),
    # oauth2-proxy: headers with `_` for `-` were passed on; one header decided a rule
    "CVE-2025-64484": FORWARDED,
    "GHSA-vjrc-mh2v-45x6": FORWARDED,
    "CVE-2026-40575": FORWARDED,
    # Langfuse, Authlib: a state that is not tied to the browser
    "CVE-2025-65107": STATE,
    "CVE-2025-68158": STATE,
    "CVE-2026-41425": STATE,
    # FastAPI-Users: a signed state that was the same for everybody
    "CVE-2025-68481": RANDOM_STATE,
    "GHSA-5j53-63w8-8625": RANDOM_STATE,
    # Hono, fast-jwt, PyJWT: the token chose the algorithm; Authlib: it brought the key
    "CVE-2026-22817": ALGORITHM,
    "CVE-2026-34950": ALGORITHM,
    "CVE-2026-48523": ALGORITHM,
    "CVE-2026-27962": ALGORITHM,
    # Zitadel, Idno, better-auth: addresses of the inner network were fetched
    "CVE-2026-27945": NO_PRIVATE_ADDRESS,
    "CVE-2026-28508": NO_PRIVATE_ADDRESS,
    "CVE-2026-55671": NO_PRIVATE_ADDRESS,
    "GHSA-5rr4-8452-hf4v": NO_PRIVATE_ADDRESS,
    # Pocket ID: user information hid the host; a wrong client or an expired code was enough
    "CVE-2026-28512": RETURN_URL,
    "CVE-2026-28513": CODE,
    # Keycloak: a provider that was switched off went on signing people in
    "CVE-2026-3009": SWITCHED_OFF,
    # oauth2-proxy, Auth.js: one address was read as another; here no address decides anything
    "CVE-2026-40574": NO_JOINING,
    "GHSA-7rqj-j65f-68wh": NO_JOINING,
    # PocketBase, Keycloak, better-auth: an account made beforehand with somebody's address
    "CVE-2026-44166": NO_JOINING,
    "CVE-2026-9087": NO_JOINING,
    "GHSA-g38m-r43w-p2q7": NO_JOINING,
    # PyJWT: made-up key ids emptied the cache
    "CVE-2026-48524": (
        "tests/test_verify.py::"
        "test_T2_unknown_key_ids_cause_one_fetch_a_minute_and_leave_the_good_keys_alone",
    ),
    # Keycloak: the host of a refresh request was believed
    "CVE-2026-4874": (
        f"{_WEB}bad_input.py::test_N2_another_host_is_refused",
        f"{_WEB}refresh.py::test_a_token_is_for_the_pages_of_its_site",
    ),
    # Authelia: capital letters in a path went round its rules
    "CVE-2026-48794": (f"{_WEB}bad_input.py::test_N3_no_other_spelling_of_a_path_leads_anywhere",),
    # Zitadel: the audience was not read
    "CVE-2026-55669": (
        ALGORITHM[0],
        f"{_WEB}revoke.py::test_T4_tokens_of_one_site_mean_nothing_to_another",
    ),
    # Keycloak: tokens stood in addresses, and so in the logs of proxies
    "CVE-2026-7571": NO_SECRET_TOLD,
    # Keycloak: a parameter that stood there twice
    "CVE-2026-9689": DOUBLED,
    # better-auth: tokens of people who were deleted went on working
    "GHSA-2vg6-77g8-24mp": DEAD_PEOPLE,
    # Supabase, Traefik: forwarded names and addresses were believed
    "GHSA-3529-5m8x-rpv3": FORWARDED,
    "GHSA-6384-m2mw-rf54": FORWARDED,
    # better-auth: a refresh token could be used again; a code could be redeemed twice
    "GHSA-392p-2q2v-4372": REFRESH,
    "GHSA-pw9m-5jxm-xr6h": REFRESH,
    "GHSA-7w99-5wm4-3g79": CODE,
    # oauth2-proxy, better-auth: redirects to `/\`, to encoded white space, to look-alike hosts
    "GHSA-4mf2-f3wh-gvf2": RETURN_URL,
    "GHSA-5m6c-jp6f-2vcv": RETURN_URL,
    "GHSA-86j7-9j95-vpqj": RETURN_URL,
    "GHSA-j7px-6hwj-hpjg": RETURN_URL,
    "GHSA-qqxw-m5fj-f7gv": RETURN_URL,
    # oauth2-proxy: the name of a health checker opened the door
    "GHSA-5hvv-m4w4-gf6v": (f"{_WEB}assets.py::test_N4_health_is_told_to_everybody_alike",),
    # Auth.js: a mistake in the configuration left the door open
    "GHSA-8fpg-xm3f-6cx3": CLOSED_START,
    # oauth2-proxy: the session before the sign-in was the one after it
    "GHSA-f24x-5g9q-753f": FIXATION,
    # Auth.js: what was begun at one provider could be finished at another
    "GHSA-x445-f3h2-j279": (
        f"{_WEB}callback.py::test_S2_another_providers_callback_touches_nothing",
        f"{_WEB}callback.py::test_S7_an_answer_of_another_issuer_touches_nothing",
    ),
    # Auth.js: a malformed Authorization header threw
    "GHSA-xmf8-cvqr-rfgj": (CODE[1],),
}

ELSEWHERE: Mapping[str, str] = {
    "CVE-2020-24660": "no rules by path: nothing is proxied here",
    "CVE-2025-54576": "no rules by path: nothing is proxied here",
    "GHSA-7rh7-c77v-6434": "no rules by path: nothing is proxied here",
    "GHSA-pxq7-h93f-9jrg": "no rules by path: nothing is proxied here",
    "CVE-2026-28498": "no ID token of a provider is read",
    "CVE-2026-31813": "no ID token of a provider is read",
    "CVE-2026-45337": "no sign-in by device code",
    "GHSA-cq3f-vc6p-68fh": "no sign-in by device code",
}

#: Rules of the security checklist that the present code is under; each has a test of its name.
RULES = (
    *("S1", "S2", "S3", "S4", "S5", "S7", "S9", "S10", "S11", "S12", "S13", "S14"),
    *("R1", "R2", "R3", "R4", "R5", "I1", "I2", "I3", "I5", "I6", "I7"),
    *("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9"),
    *("B1", "B3", "B4", "B5", "B6", "B7", "B8", "N1", "N2", "N3", "N4", "N5", "N6", "N7"),
)
