"""The API held to its own description by schemathesis, with every check there is, for each who may ask."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.api.clients import App, Client, Program
from tests.api.contract_names import KEY_ID, NOW, SECRET
from tests.builders import Clinic
from web.api.limits import LIMITS, Paces

ROOT = Path(__file__).parents[2]
EXAMPLES = 4
UNLIMITED = Paces(address=10**9, token=10**9, strict=10**9)

# 422 is an idempotency key that came with another body: a generator uses them again.
# No schema knows the check digit of an identity number, nor how often an address may guess.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422]

[generation]
max-examples = {examples}
deterministic = true
with-security-parameters = false  # each run brings its own

[phases.stateful]
max-steps = 4
generation.max-examples = 1

[[operations]]
include-path-regex = "^/(sessions|codes|accounts|password-resets)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 409, 422, 429]

[[operations]]
include-path-regex = "^/(attendees|partner/appointments)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 429]
"""


async def run(client: Client, tmp_path: Path, *options: str, **environment: str) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG.format(examples=EXAMPLES))
    client.app[LIMITS].paces = UNLIMITED  # type: ignore[index]
    address = str(client.make_url("/api/v1"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"), "run",
        f"{address}/openapi.json", "--url", address, "--checks", "all", "--seed", "12320", "--no-color",
        "--continue-on-failure", *options,
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {
            "SCHEMATHESIS_HOOKS": "tests.api.contract_hooks", "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        } | environment,
    )  # fmt: skip
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()[-20_000:]


async def test_the_description_is_openapi_3_1(anybody: App) -> None:
    from openapi_spec_validator import validate  # slow to load, and needed here alone

    described = await anybody("GET", "/openapi.json")
    validate(described.body)


@pytest.mark.slow
@pytest.mark.req("I-010")
async def test_an_application_finds_the_api_as_described(client: Client, li: App, tmp_path: Path) -> None:
    token = ("--header", f"Authorization: Bearer {li.token}")
    await run(client, tmp_path, "--exclude-path-regex", "^/(partner/|sessions/current)", *token)
    # Whoever logs out has seen the last of it.
    await run(client, tmp_path, "--include-path", "/sessions/current", "--phases", "coverage", *token)


@pytest.mark.slow
@pytest.mark.req("I-016")
async def test_a_partner_finds_the_api_as_described(
    client: Client, program: Program, town: Clinic, tmp_path: Path
) -> None:
    await run(
        client,
        tmp_path,
        "--include-path-regex",
        "^/partner/",
        **{
            KEY_ID: program.made.key_id,
            SECRET: program.made.secret,
            NOW: str(int(town.hotline.clock.now().timestamp())),
        },
    )
