import { sql } from 'kysely';
import { everyDatabase, testDatabase } from './databases.js';

test.each(everyDatabase)(
  'A test database on %s is migrated, fresh, and speaks in numbers, dates and UTC',
  async (kind) => {
    await using first = await testDatabase(kind);
    await using second = await testDatabase(kind);
    await sql`insert into person (id, handle, name) values ('ann', 'ann', 'Ann')`.execute(first.tables());
    const count = sql<{
      n: number;
      at: Date;
      zone: string;
    }>`select count(*) as n, now() as at, current_setting('TimeZone') as zone from person`;
    expect((await count.execute(first.tables())).rows[0]).toEqual({ n: 1, at: expect.any(Date), zone: 'UTC' });
    expect((await count.execute(second.tables())).rows[0]).toMatchObject({ n: 0 });
  },
);
