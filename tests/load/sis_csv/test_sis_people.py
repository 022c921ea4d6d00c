"""users.csv and logins.csv (data_sources.md, 3.2)."""

from __future__ import annotations

import pytest
from load.sis_csv.school import ANA, ANA_AND_BEN, ART, ART_1, IN_ART, USERS, School


def test_a_row_is_a_person_with_a_login(school: School) -> None:
    school.load({"users": ANA})
    assert school.rows("users", "id", "name", "workflow_state") == [(1, "Ana Sol", "registered")]
    assert school.rows(
        "pseudonyms", "user_id", "account_id", "sis_user_id", "unique_id", "workflow_state"
    ) == [(1, 1, "ana", "ana@x", "active")]


def test_rows_from_files_carry_the_batch_id(school: School) -> None:
    school.load({"users": ANA})
    assert school.values("pseudonyms", "sis_batch_id") == [1]


def test_names_complete_each_other(school: School) -> None:
    """full_name, else first and last, else what there is; sortable: last word, other words."""
    people = [
        ("Ana,Sol,,,", ("Ana Sol", "Sol, Ana", "Ana Sol")),
        ("Ana,Sol,Dr Ana Sol,,", ("Dr Ana Sol", "Sol, Dr Ana", "Dr Ana Sol")),
        ("Ana,,,,", ("Ana", "Ana", "Ana")),
        (",Sol,,,", ("Sol", "Sol", "Sol")),
        (',,,"Sol, Ana",Annie', ("Sol, Ana", "Sol, Ana", "Annie")),
        (",,,,Annie", ("Annie", "Annie", "Annie")),
        (",,,,", ("ana6@x", "ana6@x", "ana6@x")),
        (",,Ana Maria Sol Jr.,,", ("Ana Maria Sol Jr.", "Sol, Ana Maria Jr.", "Ana Maria Sol Jr.")),
        (",,Ana Jr.,,", ("Ana Jr.", "Ana Jr.", "Ana Jr.")),
        (",,Cher,,", ("Cher", "Cher", "Cher")),
    ]
    header = "user_id,login_id,status,first_name,last_name,full_name,sortable_name,short_name\n"
    rows = "".join(f"ana{n},ana{n}@x,active,{cells}\n" for n, (cells, _) in enumerate(people))
    school.load({"users": header + rows})
    found = school.rows("users", "name", "sortable_name", "short_name")
    assert found == [names for _, names in people]


def test_blank_cells_keep_what_is_known(school: School) -> None:
    header = "user_id,login_id,status,full_name,integration_id,pronouns,email\n"
    school.load({"users": header + "ana,ana@x,active,Ana Sol,i1,she,a@x.org\n"})
    school.load({"users": header + "ana,ana@y,active,,,,\n"})
    assert school.rows("users", "name", "pronouns") == [("Ana Sol", "she")]
    assert school.rows("pseudonyms", "unique_id", "integration_id") == [("ana@y", "i1")]
    assert school.rows("communication_channels", "path", "workflow_state") == [
        ("a@x.org", "active")
    ]


def test_delete_clears_pronouns_and_declared_type(school: School) -> None:
    header = "user_id,login_id,status,pronouns,declared_user_type\n"
    school.load({"users": header + "ana,ana@x,active,she,Staff\n"})
    assert school.values("pseudonyms", "declared_user_type") == ["staff"]
    school.load({"users": header + "ana,ana@x,active,<delete>,<delete>\n"})
    assert school.values("users", "pronouns") == [None]
    assert school.values("pseudonyms", "declared_user_type") == [None]


def test_an_unknown_declared_type_is_left_out_with_a_warning(school: School) -> None:
    summary = school.load(
        {"users": "user_id,login_id,status,declared_user_type\nana,ana@x,active,wizard\n"}
    )
    assert school.values("pseudonyms", "declared_user_type") == [None]
    assert summary.warnings == (
        "1 row: declared_user_type is no type of user, and is left out (first: users.csv, line 2).",
    )


def test_the_status_is_that_of_the_login(school: School) -> None:
    """Any case; a longer word that begins with a status means active."""
    states = {
        "Active": "active",
        "SUSPENDED": "suspended",
        "deleted": "deleted",
        "suspended_long": "active",
    }
    rows = "".join(f"u{n},u{n}@x,Una,{status}\n" for n, status in enumerate(states))
    school.load({"users": USERS + rows})
    found = zip(states, school.values("pseudonyms", "workflow_state"), strict=True)
    assert dict(found) == states


def test_a_new_user_who_is_to_be_notified_is_pre_registered(school: School) -> None:
    school.load(
        {"users": "user_id,login_id,status,canvas_password_notification\nana,ana@x,active,true\n"}
    )
    assert school.values("users", "workflow_state") == ["pre_registered"]


def test_passwords_are_never_stored(school: School) -> None:
    school.load({"users": "user_id,login_id,status,password\nana,ana@x,active,geheim\n"})
    files = [file.read_bytes() for file in school.folder.rglob("lake*/**/*") if file.is_file()]
    assert not any(b"geheim" in data for data in files)


def test_an_address_is_one_active_channel(school: School) -> None:
    header = "user_id,login_id,status,email\n"
    school.load({"users": header + "ana,ana@x,active,a@x.org\n"})
    school.load({"users": header + "ana,ana@x,active,b@x.org\n"})
    columns = ("user_id", "pseudonym_id", "path", "path_type", "position", "workflow_state")
    assert school.rows("communication_channels", *columns) == [
        (1, 1, "b@x.org", "email", 1, "active")
    ]


def test_the_address_of_a_deleted_login_is_retired(school: School) -> None:
    header = "user_id,login_id,status,email\n"
    school.load({"users": header + "ana,ana@x,deleted,a@x.org\n"})
    assert school.values("communication_channels", "workflow_state") == ["retired"]


@pytest.mark.parametrize(("cell", "provider"), [("17", 17), ("", None), ("LDAP", 1)])
def test_an_authentication_provider_is_a_number_or_a_type(
    school: School, cell: str, provider: int | None
) -> None:
    header = "user_id,login_id,status,authentication_provider_id\n"
    school.load({"users": f"{header}ana,ana@x,active,{cell}\n"})
    assert school.values("pseudonyms", "authentication_provider_id") == [provider]
    assert school.values("authentication_providers", "auth_type") == (
        ["ldap"] if provider == 1 else []
    )


def test_losing_the_last_login_ends_all_that_hangs_on_it(school: School) -> None:
    """Enrollments, memberships and admin roles are deleted; the person stays."""
    school.load(
        {
            "users": ANA,
            "courses": ART,
            "sections": ART_1,
            "enrollments": IN_ART,
            "groups": "group_id,name,status\ng,G,available\n",
            "members": "group_id,user_id,status\ng,ana,accepted\n",
            "admins": "user_id,account_id,role,status\nana,,AccountAdmin,active\n",
        }
    )
    school.load({"users": USERS + "ana,ana@x,,deleted\n"})
    for table in ("enrollments", "group_memberships", "account_users", "enrollment_states"):
        column = "state" if table == "enrollment_states" else "workflow_state"
        assert school.values(table, column) == ["deleted"], table
    assert school.values("users", "workflow_state") == ["registered"]


def test_a_login_id_belongs_to_one_live_login(school: School) -> None:
    assert school.refused({"users": ANA + "ben,ANA@X,Ben,active\n"}) == [
        ("users.csv", 3, "the login_id belongs to another user already")
    ]


def test_who_had_the_login_id_before_keeps_it(school: School) -> None:
    school.load({"users": ANA})
    assert school.refused({"users": USERS + "ben,ana@x,Ben,active\nana,ana@x,Ana,active\n"}) == [
        ("users.csv", 2, "the login_id belongs to another user already")
    ]


def test_a_login_id_that_was_given_up_is_free(school: School) -> None:
    school.load({"users": ANA})
    school.load({"users": USERS + "ana,new@x,Ana,active\nben,ana@x,Ben,active\n"})
    assert school.values("pseudonyms", "unique_id") == ["new@x", "ana@x"]


def test_a_deleted_login_holds_no_login_id(school: School) -> None:
    school.load({"users": USERS + "ana,ana@x,Ana,deleted\nben,ana@x,Ben,active\n"})
    assert school.values("pseudonyms", "workflow_state") == ["deleted", "active"]


def test_an_integration_id_belongs_to_one_live_login(school: School) -> None:
    header = "user_id,login_id,integration_id,status\n"
    assert school.refused({"users": header + "ana,a,i1,active\nben,b,i1,active\n"}) == [
        ("users.csv", 3, "the integration_id belongs to another user already")
    ]


def test_a_user_without_ids_is_refused(school: School) -> None:
    assert school.refused({"users": USERS + ",ana@x,Ana,active\nana,,Ana,active\n"}) == [
        ("users.csv", 2, "user_id is missing"),
        ("users.csv", 3, "login_id is missing"),
    ]


def test_a_later_row_of_a_user_changes_the_earlier(school: School) -> None:
    header = "user_id,login_id,status,full_name,integration_id\n"
    school.load({"users": header + "ana,a,active,Ana,i1\nana,b,active,,\nana,c,active,Ann,\n"})
    assert school.rows("pseudonyms", "unique_id", "integration_id") == [("c", "i1")]
    assert school.values("users", "name") == ["Ann"]


LOGINS = "user_id,login_id,existing_user_id,existing_integration_id,existing_canvas_user_id\n"


@pytest.mark.parametrize("known_as", ["ben,,", ",int-ben,", ",,2"])
def test_a_further_login_belongs_to_the_person_it_names(school: School, known_as: str) -> None:
    users = "user_id,login_id,integration_id,status\nana,ana@x,,active\nben,ben@x,int-ben,active\n"
    school.load({"users": users, "logins": f"{LOGINS}ben2,ben@y,{known_as}\n"})
    assert school.rows("pseudonyms", "sis_user_id", "user_id") == [
        ("ana", 1),
        ("ben", 2),
        ("ben2", 2),
    ]
    assert len(school.rows("users", "id")) == 2


def test_a_login_may_name_a_login_of_the_same_file(school: School) -> None:
    school.load({"users": ANA, "logins": LOGINS + "ana3,c,ana2,,\nana2,b,ana,,\n"})
    assert school.values("pseudonyms", "user_id") == [1, 1, 1]


def test_a_login_of_nobody_is_refused(school: School) -> None:
    reason = (
        "there is no user such as existing_user_id, existing_integration_id or "
        "existing_canvas_user_id name"
    )
    assert school.refused({"logins": LOGINS + "x,x,ghost,,\n"}) == [("logins.csv", 2, reason)]


def test_a_login_cannot_take_the_id_of_another_person(school: School) -> None:
    assert school.refused({"users": ANA_AND_BEN, "logins": LOGINS + "ben,b2,ana,,\n"}) == [
        ("logins.csv", 2, "the user_id is that of another person")
    ]


def test_a_person_with_a_login_left_keeps_everything(school: School) -> None:
    school.load(
        {
            "users": ANA,
            "logins": LOGINS + "ana2,b,ana,,\n",
            "courses": ART,
            "sections": ART_1,
            "enrollments": IN_ART,
        }
    )
    school.load({"users": USERS + "ana,ana@x,,deleted\n"})
    assert school.values("enrollments", "workflow_state") == ["active"]
