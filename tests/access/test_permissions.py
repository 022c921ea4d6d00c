"""No user reads a run or a file outside their scope: any tree, any roles, any overrides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from access.institutions import ACCOUNTS, USERS, institutions
from access.oracle import Oracle, Tables
from api.inside import Inside, inside
from engines.memory_lake import MemoryLake
from hypothesis import HealthCheck, given, settings

from rollbook.access.institution import Institution, Institutions
from rollbook.access.permissions import BECOME_USER, READ_REPORTS, user_may
from rollbook.runs.model import Run

OWNER = 1
"""The user who ran every second report."""
_QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def known(lake: MemoryLake, tables: Tables) -> Institution:
    lake.fill(_numbered(tables))
    return Institution(lake.engine)


def _numbered(tables: Tables) -> Tables:
    return {
        name: [{"id": number, **row} for number, row in enumerate(rows, 1)]
        for name, rows in tables.items()
    }


@settings(_QUICK, max_examples=30)
@given(tables=institutions())
def test_permissions_are_those_of_the_oracle(memory_lake: MemoryLake, tables: Tables) -> None:
    institution, oracle = known(memory_lake, tables), Oracle(tables)
    for user in USERS:
        for account in institution.accounts.accounts.values():
            for permission in (READ_REPORTS, BECOME_USER):
                assert user_may(institution, user, permission, account) == oracle.may(
                    user, permission, account.id
                ), (user, permission, account.id)


@dataclass
class Fixed(Institutions):
    """The institution of the present example."""

    institution: Institution

    def current(self) -> Institution:
        return self.institution


@dataclass
class World:
    """A server; in each account a run by nobody and one by the owner; a token for everybody."""

    server: Inside
    runs: list[Run]
    of_users: dict[int, dict[str, str]]
    of_accounts: dict[int, dict[str, str]]

    def show(self, tables: Tables, lake: MemoryLake) -> None:
        institutions = Fixed(known(lake, tables))
        services = replace(self.server.services, institutions=institutions)
        self.server.app.state.services = services

    def sees_run(self, run: Run, headers: dict[str, str], **query: int) -> bool:
        path = f"/api/v1/accounts/{run.account_id}/reports/{run.report}/{run.id}"
        return self._is_ok(path, headers, query)

    def sees_file(self, run: Run, headers: dict[str, str], **query: int) -> bool:
        assert run.file is not None
        # As for its bytes, without a record in the audit log.
        path = f"/api/v1/files/{run.file.id}"
        return self._is_ok(path, headers, query)

    def _is_ok(self, path: str, headers: dict[str, str], query: dict[str, int]) -> bool:
        status = self.server.http.get(path, headers=headers, params=query).status_code
        assert status in (200, 401, 403, 404)
        return status == 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with inside(tmp_path_factory.mktemp("world")) as server:
        runs = [
            server.run(account_id=account, user_id=user)
            for account in ACCOUNTS
            for user in (None, OWNER)
        ]
        of_users = {user: server.headers(user_id=user) for user in USERS}
        of_accounts = {account: server.headers(account=str(account)) for account in ACCOUNTS}
        yield World(server, runs, of_users, of_accounts)


@settings(_QUICK, max_examples=8)
@given(tables=institutions())
def test_no_user_reads_a_run_or_file_outside_their_scope(
    world: World, memory_lake: MemoryLake, tables: Tables
) -> None:
    world.show(tables, memory_lake)
    oracle = Oracle(tables)
    for user, headers in world.of_users.items():
        for run in world.runs if user == OWNER else world.runs[::2]:
            within = oracle.can_log_in(user) and oracle.reaches(1, run.account_id)
            may = within and oracle.may(user, READ_REPORTS, run.account_id)
            is_own = within and user == run.user_id
            assert world.sees_run(run, headers) == may, (user, run.account_id)
            assert world.sees_file(run, headers) == (may or is_own), (user, run.account_id)


@settings(_QUICK, max_examples=4)
@given(tables=institutions())
def test_no_service_reads_outside_its_subtree(
    world: World, memory_lake: MemoryLake, tables: Tables
) -> None:
    world.show(tables, memory_lake)
    oracle = Oracle(tables)
    for top, headers in world.of_accounts.items():
        for run in world.runs[::2]:
            expected = oracle.reaches(top, run.account_id)
            assert world.sees_run(run, headers) == expected, (top, run.account_id)
            assert world.sees_file(run, headers) == expected, (top, run.account_id)


@settings(_QUICK, max_examples=8)
@given(tables=institutions())
def test_acting_as_another_opens_nothing_that_one_of_both_may_not(
    world: World, memory_lake: MemoryLake, tables: Tables
) -> None:
    world.show(tables, memory_lake)
    oracle = Oracle(tables)
    for user, other in ((1, 2), (2, 1), (3, 1), (1, 4)):
        for run in world.runs[::2]:
            both = all(oracle.may(one, READ_REPORTS, run.account_id) for one in (user, other))
            assert both or not world.sees_run(run, world.of_users[user], as_user_id=other)
            assert both or not world.sees_file(run, world.of_users[user], as_user_id=other)
