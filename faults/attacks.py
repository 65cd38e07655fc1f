"""All attacks by name, with how many cases they have, and in the short form."""

from faults import crowds, disks, kills, models, network, odd_files, parsers, studies
from faults import texts
from faults.case import Attack

ATTACKS = {
    "models": Attack(models.models, 500, 60),
    "models of several files": Attack(models.former_models, 300, 20),
    "sealed models": Attack(models.sealed_models, 300, 20),
    "backbones": Attack(models.backbones, 500, 40),
    "feature files": Attack(models.feature_files, 300, 10),
    "files of sentences": Attack(parsers.parsers, 4000, 100),
    "sentences in memory": Attack(parsers.rows, 500, 20),
    "sentences to predict": Attack(parsers.questions, 500, 20),
    "plans": Attack(studies.plans, 4000, 100),
    "grids": Attack(studies.grids, 2000, 60),
    "claims": Attack(studies.claim_files, 200, 10),
    "fresh checks": Attack(studies.fresh_checks, 500, 20),
    "records": Attack(studies.kept_records, 1000, 40),
    "submitted records": Attack(studies.submitted, 300, 10),
    "odd files": Attack(odd_files.odd_files, odd_files.COUNT, odd_files.COUNT, 5),
    "downloads": Attack(network.network, network.COUNT, network.COUNT),
    "full and read-only disks": Attack(disks.disks, disks.COUNT, disks.COUNT, 60),
    "hostile names": Attack(texts.texts, texts.COUNT, texts.COUNT),
    "kills": Attack(kills.kills, kills.COUNT, kills.FIRST, 300),
    "crowds": Attack(crowds.crowds, 50, 1, 120),
}
