"""A traveller serves three nights with somebody wicked; the animal that was fed helps each time."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["CHORES"]

CHORES = Plot(
    titles=("Три службы", "{hero} и {+foe}", "{+beast} {beast:помог}"),
    cases=(
        {
            "need": "Погас в деревне {village} огонь, и зажечь его было нечем",
            "wanted": "живой уголёк",
            "saved": "Раздули уголёк, и в каждой печи опять затрещало",
        },
        {
            "need": "Пересох в деревне {village} колодец, хоть плачь — и слёз не было",
            "wanted": "ковшик живой воды",
            "saved": "Вылили ковшик в колодец, и поднялась вода до самого края",
        },
        {
            "need": "{Elder:захворал} {elder}, и ни мёд не помогал, ни баня",
            "wanted": "лазоревый цветок",
            "saved": "{Elder:понюхал} {elder} цветок, {elder:чихнул} и {elder:встал}, будто и не {elder:болел}",
        },
        {
            "need": "Пропали из деревни {village} все песни: откроют люди рот, а петь нечего",
            "wanted": "мешок с песнями",
            "saved": "Развязали мешок, и полетели песни по домам, каждая в своё окошко",
        },
    ),
    beats=(
        ("{opening} {need}.", "{opening}\n\n{Weather} И случилась беда. {need}."),
        (
            "— Есть {wanted} у {+foe.gen}, {in} {+place.pre}, — {elder:сказал} {elder}. — Да кто же туда "
            "пойдёт?\n\n"
            "— Я пойду, — {hero:сказал} {hero}.\n\n{set_out}",
            "— Я знаю, где {wanted}, — {hero:сказал} {hero}. — {In} {+place.pre} живёт {+foe}. Попрошу "
            "добром.\n\n{set_out}",
        ),
        (
            "{walking} Сидит на пне {+beast}.\n\n— Дай поесть, {hero}!\n\n{Hero:отдал} {hero} {+food.acc}, ничего "
            "себе не {hero:оставил}.\n\n— Я тебе пригожусь, — {beast:сказал} {beast}. — Позови только: «{call}»",
            "{walking} Слышит {hero}: {beast:застонал} в кустах {+beast}.\n\n— Что с тобой, {beast}?\n\n— Три дня "
            "не "
            "{beast:ел}.\n\n{Hero:развязал} {hero} узелок: вот {+food}, кушай!\n\n— Ну, {hero}, — {beast:сказал} "
            "{beast}, — теперь "
            "запомни слова: «{call}»",
        ),
        (
            "{Hero:пришёл} {hero} {in} {+place.acc}. {Foe} на печи лежит, одним глазом глядит.\n\n— Даром ничего "
            "не "
            "даю. Отслужи три службы — получишь {wanted}. Не отслужишь — пеняй на себя.",
            "— Отдам я тебе {wanted}, — {foe:сказал} {+foe}, — если отслужишь мне три ночи. А не справишься — "
            "вовек "
            "отсюда не выйдешь.",
        ),
        (
            "В первую ночь {foe:велел} {foe} {chore_one}. {Hero:вышел} {hero} на крыльцо:\n\n— {call}\n\n"
            "{Beast:прибежал} {+beast}, и к утру всё было готово. {Boo}",
            "— Вот тебе первая служба: {chore_one}.\n\n{Hero:заплакал} {hero}, да {hero:вспомнил} слова:\n\n— "
            "{call}\n\n"
            "И {beast:пришёл} {+beast}.\n\n— Это не беда, — {beast:сказал} {beast}. — Спи, утро вечера мудренее.",
        ),
        (
            "Во вторую ночь {foe:приказал} {foe} {chore_two}.\n\n— {call}\n\n{Beast} уже тут: {beast:позвал} "
            "друзей — {second.acc} да {third.acc}, — и работа закипела. {Boo}",
            "— Теперь вторая служба: {chore_two}.\n\n— {call} — {hero:позвал} {hero} шёпотом.\n\n{Beast:явился} "
            "{beast}, а с ним {second} и {third}. Втроём и справились. {Boo}",
        ),
        (
            "В третью ночь {foe:сказал} {foe}:\n\n— Угадай-ка, {question}.\n\n— {call}\n\n{Beast:шепнул} {beast} "
            "{hero:ему} на ухо два слова. {Hero:сказал} {hero} эти слова — и {foe:лопнул} {foe} от злости, только "
            "дым пошёл.",
            "— А третья служба такая: {question}?\n\n{Thinking} А {beast} уже под окном: {beast:нашептал} "
            "{beast} ответ. Делать нечего, {foe:отдал} {foe} {wanted}.",
        ),
        (
            "{Hero:воротился} {hero} домой. {saved}. {Feast}.",
            "Бегом {hero:бежал} {hero} до деревни {village}. {saved}. А {beast.acc} позвали на праздник и посадили "
            "на лучшее место.",
        ),
        ("{ending}", "{advice}\n\n{ending}"),
    ),
)
