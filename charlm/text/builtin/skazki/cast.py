"""Who, where, when and with what: chosen once for a tale, so that it comes back throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from charlm.text.builtin.portable_generator import PortableGenerator
from charlm.text.builtin.skazki.grammar import Noun
from charlm.text.builtin.skazki.living import BEASTS, ELDERS, FOES, HEROES
from charlm.text.builtin.skazki.things import FOODS, HOUSES, PLACES, THINGS

__all__ = ["CALLS", "Role", "choose_cast"]


@dataclass(frozen=True, slots=True)
class Role:
    """A noun with the adjective that it has in this tale."""

    noun: Noun
    epithet: str


_VILLAGES = (
    "Малые Горки",
    "Большие Грибы",
    "Калиновка",
    "Тихий Брод",
    "Семь Колодцев",
    "Подлесье",
    "Верхние Печи",
    "Журавлиха",
    "Кривые Овсы",
    "Заячий Луг",
    "Ежевичино",
    "Медовая Слобода",
)

# what the hero does all day, and what the elder does
_WORKS = (
    "{hero:рубил} дрова",
    "{hero:носил} воду",
    "{hero:ловил} рыбу",
    "{hero:собирал} грибы",
    "{hero:плёл} корзины",
    "{hero:месил} тесто",
    "{hero:красил} ложки",
    "{hero:чинил} сети",
    "{hero:кормил} кур",
    "{hero:полол} капусту",
)
_RESTS = (
    "{elder:сидел} у печи и {elder:ждал} ужина",
    "{elder:вязал} длинные носки",
    "{elder:рассказывал} небылицы",
    "{elder:считал} ворон на крыше",
    "{elder:варил} щи да кашу",
    "{elder:сушил} травы",
    "{elder:штопал} старый мешок",
    "{elder:грел} кости на солнышке",
)

CALLS = (
    "Ветер, вей, трава, шуми, друга верного верни!",
    "Стук да стук, сердечный друг, приходи на первый звук!",
    "Тили-тили, тень-плетень, приходи и в ночь, и в день!",
    "Ключ, замок, печной дымок, поспеши на мой порог!",
    "Раз роса, два роса, слышат пусть меня леса!",
    "Лист кленовый, первый снег, не забудь меня вовек!",
    "Сито, решето, лукошко, постучи в моё окошко!",
    "Эхо, эхо, за горой, дверь скорее мне открой!",
)

_SAYINGS = (
    "Тише едешь — больше песен споёшь",
    "Добрая дорога и без сапог не трёт",
    "Маленький ключик большую дверь отпирает",
    "Чужого не бери, своего не жалей",
    "Глаза боятся, а руки кашу варят",
    "Где двое поют, там третий не плачет",
    "Доброе слово и в мороз греет",
    "Хвастуну и лужа — море, а умному и море — дорога",
    "Кто рано встал, тот и росу видал",
    "Не спеши сердиться, спеши мириться",
)

# when, what there is to see, what there is to hear
_SEASONS = (
    (
        "весной",
        ("снег уже сошёл", "на вербах сидели пушистые почки", "ручьи бежали с каждого пригорка"),
        ("в роще куковала кукушка", "под окном пели скворцы", "за рекой гремел первый гром"),
    ),
    (
        "летом",
        ("рожь стояла выше плетня", "солнце пекло так, что пыль дымилась", "в лугах цвели ромашки"),
        ("в траве трещали кузнечики", "над клевером гудели шмели", "в пруду квакали лягушата"),
    ),
    (
        "осенью",
        ("клёны стояли золотые", "над полями лежал туман", "яблони гнулись до самой земли"),
        ("в небе кричали перелётные стаи", "дождик стучал по крышам", "ветер хлопал ставнями"),
    ),
    (
        "зимой",
        ("снегу намело по самые окна", "мороз разрисовал все стёкла", "река спала подо льдом"),
        ("в печи трещали поленья", "за околицей выла метель", "под ногами скрипел снежок"),
    ),
)

# what an animal can do, and then does
_SKILLS = (
    ("Умею печь пироги", "печёт пироги"),
    ("Умею песни петь", "поёт песни"),
    ("Умею печь топить", "топит печь"),
    ("Умею сказки рассказывать", "рассказывает сказки"),
    ("Умею воду носить", "носит воду"),
    ("Умею носки вязать", "вяжет носки"),
    ("Умею порог мести", "метёт порог"),
    ("Умею на дудке играть", "играет на дудке"),
    ("Умею орехи колоть", "колет орехи"),
    ("Умею погоду угадывать", "угадывает погоду"),
    ("Умею сторожить по ночам", "сторожит по ночам"),
    ("Умею ничего не бояться", "ничего не боится"),
)

_FROM = {"в": "из", "на": "с"}


def choose_cast(rng: PortableGenerator, fixed: Mapping[str, str]) -> dict[str, Role | str]:
    """Choose everything that holds throughout a tale.

    Parameters
    ----------
    rng : PortableGenerator
    fixed : mapping
        Facts that the plot brings along.

    Returns
    -------
    dict
        The roles ``hero``, ``elder``, ``foe``, four different animals ``beast``, ``second``, ``third`` and
        ``fourth``, ``thing``, ``food``, ``house`` and ``place``; and templates: ``in`` and ``from``, the place's
        prepositions, ``village``, ``work``, ``rest``, ``call``, ``saying``, ``when``, ``sky``, ``sound``, what
        three of the animals can do and then do, ``second_can``, ``second_does`` …; and what is fixed.
    """
    preposition = rng.pick(("в", "на"))
    beasts = rng.shuffle(BEASTS)
    skills = rng.shuffle(_SKILLS)
    when, skies, sounds = rng.pick(_SEASONS)
    return {
        "hero": _role(rng, HEROES),
        "elder": _role(rng, ELDERS),
        "foe": _role(rng, FOES),
        "beast": _role(rng, beasts[:1]),
        "second": _role(rng, beasts[1:2]),
        "third": _role(rng, beasts[2:3]),
        "fourth": _role(rng, beasts[3:4]),
        "thing": _role(rng, THINGS),
        "food": _role(rng, FOODS),
        "house": _role(rng, HOUSES),
        "place": _role(rng, PLACES[preposition]),
        "in": preposition,
        "from": _FROM[preposition],
        "village": rng.pick(_VILLAGES),
        "work": rng.pick(_WORKS),
        "rest": rng.pick(_RESTS),
        "call": rng.pick(CALLS),
        "saying": rng.pick(_SAYINGS),
        "second_can": skills[0][0],
        "second_does": skills[0][1],
        "third_can": skills[1][0],
        "third_does": skills[1][1],
        "fourth_can": skills[2][0],
        "fourth_does": skills[2][1],
        "when": when,
        "sky": rng.pick(skies),
        "sound": rng.pick(sounds),
        **fixed,
    }


def _role(rng: PortableGenerator, nouns: Sequence[Noun]) -> Role:
    noun = rng.pick(nouns)
    return Role(noun, rng.pick(noun.epithets.split()))
