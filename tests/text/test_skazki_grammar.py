"""Russian grammar as the tales need it, against paradigms written out by hand."""

from __future__ import annotations

import re

import pytest

from charlm.text.builtin.skazki.grammar import CASES, Noun, agree, decline
from charlm.text.builtin.skazki.living import BEASTS, ELDERS, FOES, HEROES
from charlm.text.builtin.skazki.things import FOODS, HOUSES, PLACES, THINGS

NOUNS = (*BEASTS, *ELDERS, *FOES, *HEROES, *FOODS, *HOUSES, *THINGS, *PLACES["в"], *PLACES["на"])


@pytest.mark.parametrize(
    "paradigm",
    [
        "добрый доброго доброму доброго добрым добром | добрая доброй доброй добрую доброй доброй | доброе",
        "золотой золотого золотому золотого золотым золотом | золотая золотой золотой золотую золотой золотой | "
        "золотое",
        "синий синего синему синего синим синем | синяя синей синей синюю синей синей | синее",
        "тихий тихого тихому тихого тихим тихом | тихая тихой тихой тихую тихой тихой | тихое",
        "рыжий рыжего рыжему рыжего рыжим рыжем | рыжая рыжей рыжей рыжую рыжей рыжей | рыжее",
        "большой большого большому большого большим большом | большая большой большой большую большой большой | "
        "большое",
    ],
)
def test_adjectives_are_declined(paradigm: str) -> None:
    man, woman, thing = (part.split() for part in paradigm.split("|"))
    m, f, n = (Noun(gender, True, "", "") for gender in "mfn")
    stone = Noun("m", False, "", "")
    assert [decline(man[0], m, case) for case in CASES] == man
    assert [decline(man[0], f, case) for case in CASES] == woman
    neuter = [thing[0], *man[1:3], thing[0], *man[4:]]
    assert [decline(man[0], n, case) for case in CASES] == neuter
    assert decline(man[0], stone, "acc") == man[0]


@pytest.mark.parametrize(
    "forms",
    [
        "был была было",
        "пошёл пошла пошло",
        "вышел вышла вышло",
        "завёл завела завело",
        "очнулся очнулась очнулось",
        "нашёлся нашлась нашлось",
        "унёс унесла унесло",
        "помог помогла помогло",
        "него неё него",
        "рад рада радо",
    ],
)
def test_words_agree(forms: str) -> None:
    known = forms.split()
    assert [agree(known[0], Noun(gender, True, "", "")) for gender in "mfn"] == known


def test_a_word_without_a_rule_is_refused() -> None:
    with pytest.raises(KeyError, match="пёк"):
        agree("пёк", Noun("f", True, "", ""))


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.forms.split()[0])
def test_nouns_keep_the_rules_of_their_gender(noun: Noun) -> None:
    nom, gen, dat, acc, ins, pre = noun.forms.split()
    assert noun.epithets.split()
    assert all(re.fullmatch("[а-яё]+(ый|ий|ой)", epithet) for epithet in noun.epithets.split())
    assert {form[0].replace("ё", "е") for form in noun.forms.split()} == {nom[0].replace("ё", "е")}
    if noun.gender == "n":
        assert nom[-1] in "ое"
        assert acc == nom
    elif nom[-1] in "ая":
        assert acc == re.sub("а(?=$|-)", "у", nom) if nom[-1] == "а" else acc.endswith("ю")
    elif noun.gender == "f":
        assert nom[-1] == "ь"
        assert (acc, ins) == (nom, nom + "ю")
        assert gen == dat == pre
    else:
        assert acc == (gen if noun.animate else nom)
        assert ins[-1] == "м"
