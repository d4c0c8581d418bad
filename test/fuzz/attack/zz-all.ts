import { startPostgres } from '../../support/servers.js';
import { ALL_TOGETHER, judge } from './judgement.js';
import { Siege } from './siege.js';
const postgres=await startPostgres(); const siege=await Siege.begin(await postgres.createDatabase('besieged'));
await siege.client.measure(3000);
const skip=(process.argv[4]??'').split(',');
for (let i=0;i<Number(process.argv[3]??1);i++){ const j=await judge(siege,ALL_TOGETHER.filter((n)=>!skip.includes(n)),Number(process.argv[2]??10000)); console.log(j.line,j.isSlow,j.faults); }
await siege.end(); await postgres.stop(); process.exit(0);
