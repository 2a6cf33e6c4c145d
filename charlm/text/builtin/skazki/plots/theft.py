"""Somebody stole a treasure; two animals know the way, a third helps, and the thief is outwitted."""

from __future__ import annotations

from charlm.text.builtin.tales.plot import Plot

__all__ = ["THEFT"]

THEFT = Plot(
    titles=("{+thing}", "Как {hero} {thing.acc} {hero:искал}", "{hero}, {beast} и {+foe}"),
    cases=(
        {
            "trick": "{hero:запел} колыбельную: про сонный месяц, про тёплую печку да про серых котят",
            "beaten": "{Foe:слушал} {foe}, {foe:слушал}, да и {foe:захрапел} на всю округу",
            "moral": "кого сила не берёт, того песня усыпит",
        },
        {
            "trick": "{hero:рассказал} такую небылицу, что даже камни улыбнулись",
            "beaten": "{Foe:засмеялся} {foe} и {foe:смеялся}, пока не {foe:упал} с лавки",
            "moral": "смех и не таких валил с ног",
        },
        {
            "trick": "{hero:велел} сосчитать звёзды и ни одной не пропустить",
            "beaten": "{Foe:считал} {foe}, {foe:сбился}, {foe:начал} сначала, да так и {foe:просидел} до рассвета "
            "у окна",
            "moral": "звёзды всякого займут",
        },
        {
            "trick": "{hero:высыпал} на пол целый узелок перца",
            "beaten": "{Foe:чихнул} {foe} раз, {foe:чихнул} другой, а на третий {foe:вылетел} в трубу",
            "moral": "и перец бывает к месту",
        },
        {
            "trick": "{hero:начал} хвалить хозяйство: и паутина-то чистая, и крыша-то высокая",
            "beaten": "{Foe:заслушался} {foe} и даже глаза {foe:закрыл} от удовольствия",
            "moral": "лесть всякому глаза застит",
        },
    ),
    beats=(
        ("{opening}",),
        (
            "И была у них одна заветная вещь — {+thing}. {Weather} Проснулись они утром: пусто! Ночью "
            "{foe:пришёл} {+foe} и {thing.acc} {foe:унёс}.",
            "{Weather} Вдруг налетел вихрь, а в вихре — {+foe}. {Foe:схватил} {foe} {+thing.acc} и {foe:исчез}.",
            "{Elder} больше всего на свете {elder:любил} {+thing.acc}. {Weather} И надо же: {foe:подкрался} "
            "{+foe} и {thing:его} {foe:утащил}.",
        ),
        (
            "— Не плачь, {elder}, — {hero:сказал} {hero}. — Найду я {+thing.acc}, хоть на краю света.\n\n{set_out}",
            "— Пойду искать, — {hero:сказал} {hero}.\n\n— Куда тебе! — {elder:вздохнул} {elder}.\n\n{set_out}",
        ),
        (
            "{walking} Навстречу — {+second}.\n\n— Здравствуй, {second}! Не {second:видел} ли ты, кто унёс "
            "{+thing.acc}?\n\n— {Second:видел}, — {second:ответил} {second}. — Это {+foe}. Ступай прямо, спроси "
            "дальше.",
            "{walking} Глядь — у дороги {+second}.\n\n— О чём грустишь, {hero}? — {second:спросил} {second}.\n\n"
            "— Ищу {+thing.acc}.\n\n— Слышать {second:слышал}, а видеть не {second:видел}. Спроси того, кто живёт "
            "за рекой.",
        ),
        (
            "За рекой {third:ждал} {hero.acc} {+third}.\n\n— Знаю, знаю, — {third:сказал} {third}. — {Foe} "
            "живёт {in} {+place.pre}, и {thing} там же. А дорогу покажет {+beast}.",
            "За рекой {third:сидел} {+third}.\n\n— Не {third:видел} ли ты {+thing.acc}?\n\n— {Thing} теперь {in} "
            "{+place.pre}, — {third:ответил} {third}, — а рядом не спит {+foe}. Найди сперва {beast.acc}, "
            "без {beast.gen} не дойдёшь.",
        ),
        (
            "{Hero:нашёл} {hero} {beast.acc} и {hero:поделился} последним: {food.acc} — пополам. "
            "{Beast:съел} {beast} свою половину, {beast:облизнулся} и говорит:\n\n— Пойдём вместе. А если "
            "потеряемся, кричи: «{call}»",
            "{Beast:попал} {+beast} в беду: камнем придавило. {Hero:отвалил} {hero} камень, {hero:дал} "
            "{beast:ему} {+food.acc}.\n\n— Добро не забуду, — {beast:сказал} {beast}. — Придётся туго — скажи "
            "только: «{call}»",
        ),
        (
            "Вот и {+place}. Сидит там {+foe}, а рядом {thing}.\n\n— Кто {in} {+place.acc} пожаловал? — "
            "{foe:закричал} {foe}.\n\n— Это я, {hero}, — {hero:ответил} {hero} и {trick}. {Beaten}.",
            "{Hero:добрался} {hero} до {+place.gen}, {hero:огляделся}, а там {foe}!\n\n— Чего тебе? — "
            "{foe:зарычал} "
            "{foe}.\n\nНе {hero:испугался} {hero}: {hero:поклонился} и {trick}. {Beaten}.",
        ),
        (
            "{Hero:схватил} {hero} {+thing.acc} — и бежать. {Foe:очнулся} {foe}, гонится, вот-вот догонит! Тут "
            "{hero} и {hero:вспомнил}:\n\n— {Call}\n\nОткуда ни возьмись — {+beast}. {Beast:подхватил} {beast} "
            "{hero.acc} и {beast:унёс} {from} {+place.gen} прямо в деревню {village}.",
            "Пора назад, а дверь заперта. {Hero:зажмурился} {hero} и {hero:крикнул}:\n\n— {Call}\n\n"
            "{Beast:услышал} {+beast}, {beast:примчался}, {beast:открыл} дверь. Вот и дорога, вот и деревня "
            "{village}.",
        ),
        (
            "{Elder:обнял} {elder} {hero.acc}, {elder:погладил} {+thing.acc} и {elder:сказал}: «{Moral}». {Feast}.",
            "{Feast}. А {thing} с тех пор лежит на прежнем месте, и {beast} {thing:его} сторожит.",
        ),
        ("{ending}", "{advice}\n\n{ending}"),
    ),
)
