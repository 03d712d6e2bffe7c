"""How many Chinese citizens live in the EU? Answers from the Parquet files of one release, with DuckDB and pandas.

    python docs/chinese_citizens_in_the_eu.py data/releases/NAME > docs/chinese_citizens_in_the_eu.md

Prints a Markdown page: every question with its queries and their results.
"""

import html
import os
import re
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

TITLE = "# How many Chinese citizens live in the European Union?"
LEAD = """\
All answers below come from the Parquet files of one release, read with DuckDB and pandas and without Corridor.
`docs/chinese_citizens_in_the_eu.py` runs the queries and writes this page. An empty cell is a missing figure, and
`missing_reason` gives the reason. The figures of a release depend on what was fetched. This page was written from
"""

# Each question with an explanation and its queries; each query has its language.
QUESTIONS: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "How many are there?",
        "Two measures are close to this question: residents who are *citizens* of China, and residents who were *born* "
        "there. The Union has a figure only if all of its members have one.",
        [
            (
                "sql",
                """\
SELECT measure, aggregation, year, value::BIGINT AS persons, grade, grade_reasons, dataset, missing_reason
FROM 'tables/comparison.parquet'
WHERE measure IN ('chinese_citizens', 'chinese_born') AND jurisdiction = 'EU27_2020'
  AND (value IS NOT NULL OR year = 2024)
ORDER BY measure, year, aggregation""",
            ),
            (
                "sql",
                """\
SELECT measure, jurisdiction, max(year) AS year, arg_max(value, year)::BIGINT AS persons,
       arg_max(grade, year) AS grade, arg_max(dataset, year) AS dataset
FROM 'tables/comparison.parquet'
WHERE measure IN ('chinese_citizens', 'valid_permits_chinese') AND scope = 'member' AND value IS NOT NULL
GROUP BY measure, jurisdiction
ORDER BY measure, persons DESC""",
            ),
        ],
    ),
    (
        "What does each side count?",
        "The registry of counting rules states what each publisher counts under these names. China counts only parts "
        "of its citizens abroad: those who study, work under contract, or cross the border.",
        [
            (
                "sql",
                """\
SELECT DISTINCT r.dataset, r.definition, r.concept, r.threshold_months AS months, r.reference,
       r.counting_basis AS basis, r.residence
FROM 'tables/counting_rule.parquet' AS r
JOIN 'tables/comparison.parquet' AS c USING (dataset, indicator, definition)
WHERE c.measure IN ('chinese_citizens', 'chinese_born', 'valid_permits_chinese')
ORDER BY r.dataset, r.definition""",
            ),
            (
                "sql",
                """\
SELECT m.name_en AS measure, m.unit, max(c.year) AS year, arg_max(c.value, c.year)::BIGINT AS value, m.not_for
FROM 'tables/comparison.parquet' AS c JOIN 'tables/measure.parquet' AS m USING (measure)
WHERE c.jurisdiction = 'CHN' AND c.value IS NOT NULL
  AND c.measure IN ('nationals_abroad', 'students_out', 'students_returned', 'contract_workers_abroad', 'departures')
GROUP BY ALL
ORDER BY measure""",
            ),
        ],
    ),
    (
        "How did it change?",
        "Residents born in China by member state, estimated by the United Nations.",
        [
            (
                "python",
                """\
figures = pd.read_parquet("tables/comparison.parquet")
born = figures[(figures.measure == "chinese_born") & (figures.scope == "member")]
born = born[born.dataset == "undesa/ims_destination_and_origin"]
answer = born.pivot(index="jurisdiction", columns="year", values="value").sort_values(2024, ascending=False)
answer = answer.astype("Int64").join(born[born.year == 2024].set_index("jurisdiction").grade).reset_index()""",
            ),
            (
                "sql",
                """\
SELECT year, jurisdiction, measure, value::BIGINT AS value, step::BIGINT AS step, flags
FROM 'tables/comparison.parquet'
WHERE measure IN ('chinese_citizens', 'valid_permits_chinese', 'naturalisations_of_chinese')
  AND scope = 'member' AND value IS NOT NULL
ORDER BY measure, jurisdiction, year""",
            ),
        ],
    ),
    (
        "Which law changed when?",
        "Legal events that concern these measures. **An event before a change is not necessarily its cause.**",
        [
            (
                "sql",
                """\
SELECT t.happened_on, t.happened, i.name_en AS instrument, count(DISTINCT t.jurisdiction) AS states
FROM 'tables/policy_timeline.parquet' AS t JOIN 'tables/legal_instrument.parquet' AS i ON i.instrument = t.subject
WHERE t.measure IN ('first_permits_chinese', 'asylum_applicants_chinese', 'returned_chinese', 'refused_entry_chinese')
GROUP BY ALL
ORDER BY t.happened_on, t.happened, instrument""",
            ),
            (
                "sql",
                """\
SELECT valid_from AS china_admits_from, stay_days, string_agg(DISTINCT partner, ' ' ORDER BY partner) AS states
FROM 'tables/visa_rule.parquet'
WHERE jurisdiction = 'CHN' AND travel_document = 'ORDINARY' AND waiver IN ('unilateral', 'mutual')
GROUP BY ALL
ORDER BY valid_from, stay_days""",
            ),
            (
                "sql",
                """\
SELECT waiver AS visa_waiver_for_citizens_of_china, count(DISTINCT jurisdiction) AS states, max(valid_from) AS since
FROM 'tables/visa_rule.parquet'
WHERE partner = 'CHN' AND travel_document = 'ORDINARY'
GROUP BY ALL""",
            ),
        ],
    ),
    (
        "Which numbers may not be compared?",
        "Never compare figures of grade D. Compare figures of grade C only as another concept of the same phenomenon. "
        "Within grade B the reasons state what differs.",
        [
            (
                "sql",
                """\
SELECT measure, grade, grade_reasons, dataset, count(*) AS figures
FROM (SELECT measure, grade, grade_reasons, dataset FROM 'tables/comparison.parquet'
      WHERE measure IN ('chinese_citizens', 'chinese_born') AND scope = 'member' AND value IS NOT NULL
      UNION ALL
      SELECT measure, grade, grade_reasons, dataset FROM 'tables/comparison_alternative.parquet'
      WHERE measure IN ('chinese_citizens', 'chinese_born'))
GROUP BY ALL
ORDER BY measure, grade, grade_reasons, dataset""",
            ),
            (
                "sql",
                """\
SELECT mirror, grade, grade_reasons, count(*) AS pairs, min(ratio) AS least_ratio, max(ratio) AS most_ratio
FROM 'tables/mirror_flow.parquet'
WHERE partner = 'CHN' AND grade IS NOT NULL AND grade <> 'A'
GROUP BY ALL
ORDER BY grade DESC, mirror, grade_reasons""",
            ),
            (
                "sql",
                """\
SELECT measure, not_for
FROM 'tables/measure.parquet'
WHERE measure IN ('chinese_citizens', 'chinese_born', 'valid_permits_chinese', 'nationals_abroad')
ORDER BY measure""",
            ),
        ],
    ),
]


def main(release: Path) -> None:
    """Print the page for the release in this folder."""
    os.chdir(release)
    print(f"{TITLE}\n\n{paragraph()}\n\n{LEAD}release `{release.resolve().name}`.")
    for question, about, queries in QUESTIONS:
        print(f"\n## {question}\n\n{about}")
        for language, query in queries:
            print(f"\n```{language}\n{query}\n```\n\n{markdown(answer(language, query))}")


def paragraph() -> str:
    """Return the answer in words at the top of the report of the release."""
    (found,) = re.findall(
        r'<section id="answer".*?<p class="lead">(.*?)</p>', Path("report.html").read_text("utf-8"), re.S
    )
    return html.unescape(found)


def answer(language: str, query: str) -> pd.DataFrame:
    """Return the result of a query; a query in Python assigns its result to the name ``answer``."""
    if language == "sql":
        return duckdb.sql(query).df()
    names: dict[str, Any] = {"pd": pd}
    exec(query, names)
    return pd.DataFrame(names["answer"])


def markdown(frame: pd.DataFrame) -> str:
    """Return a frame as a Markdown table with numbers aligned to the right."""
    if frame.empty:
        return "No row."
    marks = ["---:" if pd.api.types.is_numeric_dtype(kind) else "---" for kind in frame.dtypes]
    rows = [[_cell(name, value) for name, value in row.items()] for row in frame.to_dict("records")]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in ([str(name) for name in frame.columns], marks, *rows))


def _cell(name: object, value: object) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) and name != "year" else str(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
