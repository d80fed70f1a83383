"""`controlplane quote`: the golden vectors through the executable, and what it says to bad lines."""

import json

import pytest
from harness.places import SHARED
from harness.product import run

GOLDEN = SHARED / "spec/golden/billing.json"
INPUTS = {
    "solution": ["contract_month", "arr", "active_tenants", "turns"],
    "enterprise": ["peak_billable_tenants", "voice_ms_by_tenant", "sla"],
    "deployment": ["instances", "tier", "term_years", "payment", "contract_year"],
    "enterprise_revenue_share": ["percent", "mrr_by_month"],
    "wholesale": ["turns", "committed", "price"],
    "vat": ["net_lines", "buyer_country", "vat_id_valid"],
    "commission": ["lines", "percent"],
}
BAD = [
    ("no JSON", "{", None),
    ("no object", "[]", None),
    ("unknown kind", '{"kind":"lottery"}', "kind"),
    ("no kind", '{"turns":1}', "kind"),
    ("missing field", '{"kind":"wholesale","turns":600000,"committed":500000}', "price"),
    ("negative", '{"kind":"solution","contract_month":1,"arr":"0","active_tenants":-1,"turns":0}', "active_tenants"),
    ("fraction", '{"kind":"solution","contract_month":1,"arr":"0","active_tenants":1,"turns":1.5}', "turns"),
    ("too exact", '{"kind":"solution","contract_month":1,"arr":"0.001","active_tenants":1,"turns":1}', "arr"),
    ("absurd", '{"kind":"solution","contract_month":1,"arr":"9e99","active_tenants":1,"turns":1}', "arr"),
    ("no turns to compare", '{"kind":"comparison","tenants":1,"turns_month":0,"revenue_tenant_month":"1",'
     '"governance_year":"0","direct_model_cost_year":"0"}', "turns_month"),
    ("overflow", '{"kind":"solution","contract_month":1,"arr":"0","active_tenants":1,"turns":99999999999999999999}',
     "turns"),
]


def quote(*arguments, stdin: str):
    done = run("quote", *arguments, stdin=stdin)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def golden() -> dict:
    if not GOLDEN.exists():
        pytest.skip(f"the golden vectors are not here: {GOLDEN}")
    return json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("kind", INPUTS)
def test_golden_vectors(golden, kind):
    vectors = golden[kind]
    lines = [json.dumps({"kind": kind} | {name: vector[name] for name in INPUTS[kind] if name in vector})
             for vector in vectors]
    done, answers = quote(stdin="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    assert len(answers) == len(vectors)
    for vector, answer in zip(vectors, answers):
        expected = {name: value for name, value in vector.items() if name not in INPUTS[kind]}
        assert {name: answer.get(name) for name in expected} == expected, vector


def test_the_normalised_comparison():
    """12 tenants, 100,000 turns and 1,200.00 a tenant each month, under every program (domain 2.4)."""
    question = {"kind": "comparison", "tenants": 12, "turns_month": 100_000, "revenue_tenant_month": "1200.00",
                "governance_year": "24000.00", "direct_model_cost_year": "14400.00"}
    done, answers = quote(stdin=json.dumps(question))
    assert done.returncode == 0, done.stdout
    assert [list(program.values()) for program in answers[0]["programs"]] == [
        ["direct", "129456.00", "243456.00", "0.108", "14400.00"],
        ["solution", "65700.00", "77700.00", "0.055", "0.00"],
        ["enterprise", "144000.00", "204000.00", "0.12", "0.00"],
        ["deployment", "60000.00", "72000.00", "0.05", "0.00"],
    ]


def test_a_file_is_read_as_stdin_is(tmp_path):
    line = '{"kind":"wholesale","turns":500000,"committed":500000,"price":"0.025"}\n'
    file = tmp_path / "quotes.jsonl"
    file.write_text(line)
    from_file, answers = quote("--file", str(file), stdin="")
    assert from_file.returncode == 0 and answers[0]["charge"] == "12500.00"
    assert quote(stdin=line)[1] == answers


@pytest.mark.parametrize("line, field", [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_bad_line_names_its_field_and_spoils_only_itself(line, field):
    good = '{"kind":"solution","contract_month":13,"arr":"18000.00","active_tenants":3,"turns":12000}'
    done, answers = quote(stdin=f"{good}\n{line}\n{good}\n")
    assert done.returncode == 1
    assert [answer.get("charge") for answer in answers] == ["897.00", None, "897.00"]
    assert answers[1]["error"]
    if field:
        assert field in answers[1]["error"]
        assert field in json.dumps(answers[1]), answers[1]
