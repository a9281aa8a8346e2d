#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the expected numbers of tests/unit/predict/oulad_test.cc: the same features, read
and joined here from the files, the same penalised regression by root finding, and every
measure from its definition.

Data: Open University Learning Analytics dataset, Kuzilek, Hlosta, Zdrahal 2017, Scientific
Data 4:170171 (CC BY 4.0). Needs numpy and scipy; takes the folder of the files.
"""
import collections
import csv
import gzip
import sys

import numpy as np
from scipy import optimize, special, stats

CUT = 60  # Days after the start of the course.
PENALTY = 10.0
EDUCATION = ["No Formal quals", "Lower Than A Level", "A Level or Equivalent",
             "HE Qualification", "Post Graduate Qualification"]
AGES = ["0-35", "35-55", "55<="]
MODULES = list("ABCDEFG")
NAN = float("nan")


def read(folder, name):
    with gzip.open(f"{folder}/{name}.csv.gz", "rt") as file:
        yield from csv.DictReader(file)


def log1p(value):
    return np.sign(value) * np.log1p(abs(value))


class Work:
    """What a student has handed in by the cut."""

    def __init__(self):
        self.submitted = self.banked = self.on_due = 0
        self.scores, self.late = [], []
        self.last = NAN


def read_work(folder):
    assessments = {}
    due = collections.Counter()
    for row in read(folder, "assessments"):
        day = int(row["date"]) if row["date"] else None
        key = (row["code_module"], row["code_presentation"])
        assessments[row["id_assessment"]] = (key, day)
        if day is not None and day <= CUT:
            due[key] += 1
    work = collections.defaultdict(Work)
    for row in read(folder, "student_assessment"):
        key, day = assessments[row["id_assessment"]]
        submitted = int(row["date_submitted"])
        if submitted > CUT:
            continue
        at = work[key + (row["id_student"],)]
        if row["is_banked"] == "TRUE":
            at.banked += 1
            continue
        at.submitted += 1
        at.last = submitted if at.last != at.last else max(at.last, submitted)
        if row["score"]:
            at.scores.append(float(row["score"]))
        if day is not None and day <= CUT:
            at.on_due += 1
            at.late.append(submitted - day)
    return work, due


def mean(values):
    return sum(values) / len(values) if values else NAN


# name, transform, has an indicator of missing values
FEATURES = [("registration_lead", log1p, False), ("submitted", log1p, False),
            ("submitted_share", None, True), ("mean_score", None, True),
            ("mean_lateness", None, False), ("days_since_submission", log1p, True),
            ("banked", None, False), ("studied_credits", log1p, False),
            ("previous_attempts", log1p, False), ("female", None, False),
            ("disability", None, False), ("deprivation", None, True)]


def enrolments(folder):
    work, due = read_work(folder)
    registered = {(r["code_module"], r["code_presentation"], r["id_student"]): r
                  for r in read(folder, "student_registration")}
    for row in read(folder, "student_info"):
        key = (row["code_module"], row["code_presentation"], row["id_student"])
        begin, end = (registered[key][k] for k in ("date_registration", "date_unregistration"))
        if not begin or int(begin) > CUT or (end and int(end) <= CUT):
            continue
        at = work[key]
        band = row["imd_band"].split("-")[0]
        numbers = [-int(begin), at.submitted,
                   at.on_due / due[key[:2]] if due[key[:2]] else NAN,
                   mean(at.scores), mean(at.late), CUT - at.last, at.banked,
                   int(row["studied_credits"]), int(row["num_of_prev_attempts"]),
                   row["gender"] == "F", row["disability"] == "TRUE",
                   float(band) + 5 if band else NAN]
        levels = [(EDUCATION.index(row["highest_education"]), len(EDUCATION)),
                  (AGES.index(row["age_band"]), len(AGES)),
                  (MODULES.index(row["code_module"][0]), len(MODULES))]
        yield key[1], numbers, levels, row["final_result"] in ("Fail", "Withdrawn")


def columns(numbers, levels):
    out = []
    for (_, transform, indicator), value in zip(FEATURES, numbers):
        value = float(np.float32(transform(value) if transform else value))
        out.append(value)
        if indicator:
            out.append(float(value != value))
    for level, count in levels:
        out += [float(level == i) for i in range(1, count)]
    return out


def fit(x, y, penalties, center):
    def slope(b):
        return x.T @ (special.expit(x @ b) - y) + penalties * (b - center)

    def hessian(b):
        p = special.expit(x @ b)
        return (x.T * (p * (1 - p))) @ x + np.diag(penalties)

    found = optimize.root(slope, np.zeros(x.shape[1]), jac=hessian, tol=1e-13)
    b = found.x
    likelihood = np.sum(y * (x @ b) - np.logaddexp(0, x @ b))
    return b, np.sqrt(np.diag(np.linalg.inv(hessian(b)))), likelihood


def auc(p, y):
    """Mann-Whitney, ties half."""
    ranks = stats.rankdata(p)
    n1 = y.sum()
    return (ranks[y == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(y) - n1))


def show(name, *values):
    print(name, ", ".join(f"{v:.12g}" for v in values))


def measures(name, p, y):
    brier = np.mean((p - y) ** 2)
    base = y.mean()
    show(f"{name}: rows, happened", len(y), y.sum())
    show(f"{name}: AUC, Brier, skill, log loss", auc(p, y), brier, 1 - brier / (base * (1 - base)),
         -np.mean(np.where(y == 1, np.log(p), np.log1p(-p))))
    log_odds = np.column_stack([np.ones(len(p)), np.log(p) - np.log1p(-p)])
    line, error, _ = fit(log_odds, y, np.zeros(2), np.zeros(2))
    show(f"{name}: calibration intercept, slope, their errors", *line, *error)
    return line


def main(folder):
    parts = collections.defaultdict(list)
    for when, numbers, levels, happened in enrolments(folder):
        part = "train" if when < "2014" else "validation" if when == "2014B" else "test"
        parts[part].append(columns(numbers, levels) + [float(happened)])
    parts = {name: np.array(rows) for name, rows in parts.items()}
    train = parts["train"][:, :-1]
    center = np.nanmean(train, axis=0)
    scale = np.nanstd(train, axis=0)
    low, high = np.nanmin(train, axis=0), np.nanmax(train, axis=0)

    def design(rows):
        z = (np.clip(rows[:, :-1], low, high) - center) / np.where(scale > 0, scale, 1)
        z[:, scale == 0] = 0
        return np.column_stack([np.ones(len(z)), np.where(np.isnan(z), 0, z)])

    k = train.shape[1]
    b, error, likelihood = fit(design(parts["train"]), parts["train"][:, -1],
                               np.array([0] + k * [PENALTY]), np.zeros(k + 1))
    show("train: rows, happened, log-likelihood", len(train), parts["train"][:, -1].sum(), likelihood)
    show("coefficients", *b)
    show("errors", *error)
    validation = special.expit(design(parts["validation"]) @ b)
    line = measures("validation", validation, parts["validation"][:, -1])
    raw = design(parts["test"]) @ b
    measures("test, not calibrated", special.expit(raw), parts["test"][:, -1])
    measures("test, calibrated by the line", special.expit(line[0] + line[1] * raw),
             parts["test"][:, -1])


main(sys.argv[1])
