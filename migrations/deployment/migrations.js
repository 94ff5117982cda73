import journal from './meta/_journal.json';
import m0000 from './0000_identity.sql';
import m0001 from './0001_dead_letters.sql';

  export default {
    journal,
    migrations: {
      m0000,
m0001
    }
  }
  