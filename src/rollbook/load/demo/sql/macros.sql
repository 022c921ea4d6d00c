-- The functions of the generating scripts. Chance comes from an id and a salt, so that the same
-- row is always the same. Hashed twice: the low bits of one hash go together for two salts.
CREATE TEMP MACRO roll(id, salt, sides) AS
    CAST(hash(hash(CAST(id AS BIGINT), salt)) % CAST(sides AS UBIGINT) AS BIGINT);

-- True for so many of a thousand.
CREATE TEMP MACRO chance(id, salt, permille) AS roll(id, salt, 1000) < permille;

CREATE TEMP MACRO pick(id, salt, options) AS options[1 + roll(id, salt, len(options))];

-- A moment between so many days before now.
CREATE TEMP MACRO days_ago(id, salt, least, most) AS
    now_at() - to_seconds(CAST(least * 86400 + roll(id, salt, (most - least) * 86400) AS BIGINT));

-- What Canvas uses for uuids: a text nobody can guess, always the same here.
CREATE TEMP MACRO code(id, salt) AS md5(salt || CAST(id AS VARCHAR));

-- The ids of people, by what they do.
CREATE TEMP MACRO teacher_id(number) AS 1 + n_admins() + number % n_teachers();
CREATE TEMP MACRO student_id(number) AS 1 + n_admins() + n_teachers() + number % n_students();
CREATE TEMP MACRO observer_id(number) AS
    1 + n_admins() + n_teachers() + n_students() + number % n_observers();
CREATE TEMP MACRO tester_id(number) AS 1 + n_users() - n_testers() + number % n_testers();

-- The SIS import of a row that came with so many of a thousand.
CREATE TEMP MACRO sis_batch(id, salt, permille) AS
    CASE WHEN chance(id, salt, permille) THEN 1 + roll(id, salt, 5) END;
