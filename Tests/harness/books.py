"""What the closed October of an installation looks like in its database."""

MONTH = "2026-10"
SNAPSHOT = (
    "select i.series, i.year, i.number, i.state, o.display_name, i.net, i.vat, i.gross, i.invoice_id"
    " from app.invoice i join app.organisation o using (organisation_id)"
    f" where i.month = '{MONTH}-01' order by i.series, i.year, i.number, o.display_name")


def figures(installation) -> list:
    """Everything that must be the same however often the close was interrupted; the order of numbers is free."""
    return sorted(row[3:8] for row in installation.query(SNAPSHOT))


def lines(installation) -> list:
    return installation.query(
        "select o.display_name, l.charge, l.period_start, l.reason, l.net from app.invoice_line l"
        " join app.organisation o using (organisation_id) order by 1, 2, 3, 4, 5")


def finished(installation) -> int:
    """How many invoices of the month are final."""
    return sum(1 for row in installation.query(SNAPSHOT) if row[3] == "finalised")


def assert_whole(installation):
    """No invoice without its lines and no line without its invoice; no final one that is not the sum of its lines."""
    wrong = installation.query(
        "select i.invoice_id, l.invoice_id, i.net, sum(l.net) from app.invoice i"
        " full join app.invoice_line l on l.invoice_id = i.invoice_id group by 1, 2, 3"
        " having i.net is distinct from coalesce(sum(l.net), 0)")
    assert wrong == [], "half an invoice"
    assert_gapless(installation)


def assert_gapless(installation):
    rows = installation.query("select series, year, number from app.invoice where state = 'finalised' order by 1, 2, 3")
    by_year: dict[tuple, list[int]] = {}
    for series, year, number in rows:
        by_year.setdefault((series, year), []).append(int(number))
    assert by_year
    for numbers in by_year.values():
        assert numbers == list(range(1, len(numbers) + 1))
