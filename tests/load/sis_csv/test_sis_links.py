"""Admins, observers, groups, tags and changed ids (data_sources.md, 3.2)."""

from __future__ import annotations

from load.sis_csv.school import ANA_AND_BEN, ART, School

ADMINS = "user_id,account_id,role,status\n"
OBSERVERS = "observer_id,student_id,status\n"
CATEGORIES = "group_category_id,account_id,course_id,category_name,status\n"
GROUPS = "group_id,group_category_id,account_id,course_id,name,status\n"
MEMBERS = "group_id,user_id,status\n"
CHANGES = "old_id,new_id,type\n"


def test_an_admin_is_a_user_with_a_role_in_an_account(school: School) -> None:
    school.load({"users": ANA_AND_BEN, "admins": ADMINS + "ana,,AccountAdmin,active\n"})
    assert school.rows("account_users", "user_id", "account_id", "workflow_state") == [
        (1, 1, "active")
    ]
    school.load({"admins": ADMINS + "ana,,AccountAdmin,deleted\n"})
    assert school.values("account_users", "workflow_state") == ["deleted"]


def test_an_admin_of_nobody_is_refused(school: School) -> None:
    rows = "ghost,,AccountAdmin,active\nana,nowhere,AccountAdmin,active\nana,,Wizard,active\n"
    found = school.refused({"users": ANA_AND_BEN, "admins": ADMINS + rows})
    assert [line for _, line, _ in found] == [2, 3, 4]


def test_an_observer_is_linked_to_a_student(school: School) -> None:
    school.load({"users": ANA_AND_BEN, "user_observers": OBSERVERS + "ana,ben,active\n"})
    assert school.rows("user_observers", "user_id", "observer_id", "workflow_state") == [
        (2, 1, "active")
    ]


def test_nobody_observes_themselves(school: School) -> None:
    found = school.refused({"users": ANA_AND_BEN, "observers": OBSERVERS + "ana,ana,active\n"})
    assert [line for _, line, _ in found] == [2]


def test_groups_lie_in_categories_and_have_members(school: School) -> None:
    school.load(
        {
            "users": ANA_AND_BEN,
            "categories": CATEGORIES + "clubs,,,Clubs,active\n",
            "groups": GROUPS + "chess,clubs,,,Chess,available\nfree,,,,Free,closed\n",
            "members": MEMBERS + "chess,ana,accepted\nchess,ben,deleted\n",
        }
    )
    assert school.values("group_categories", "name") == ["Clubs"]
    assert school.rows("groups", "name", "workflow_state")[0] == ("Chess", "available")
    assert school.rows("group_memberships", "group_id", "user_id", "workflow_state")[0] == (
        1,
        1,
        "accepted",
    )


def test_members_of_unknown_groups_are_refused(school: School) -> None:
    found = school.refused({"users": ANA_AND_BEN, "members": MEMBERS + "ghosts,ana,accepted\n"})
    assert [(line, reason) for _, line, reason in found] == [(2, "there is no group ghosts")]


def test_an_object_keeps_its_canvas_id_under_a_new_sis_id(school: School) -> None:
    school.load({"users": ANA_AND_BEN, "courses": ART})
    school.load({"change_sis_id": CHANGES + "ana,ana-maria,user\nart,art-2,course\n"})
    assert school.rows("pseudonyms", "user_id", "sis_user_id")[0] == (1, "ana-maria")
    assert school.rows("courses", "id", "sis_source_id") == [(1, "art-2")]


def test_a_new_id_that_is_taken_is_refused(school: School) -> None:
    school.load({"users": ANA_AND_BEN})
    found = school.refused({"change_sis_id": CHANGES + "ana,ben,user\nzoe,eve,user\n"})
    assert [line for _, line, _ in found] == [2, 3]
