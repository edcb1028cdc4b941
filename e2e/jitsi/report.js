// Prints what became of the cases in the reports of mocha that are named, each as LABEL=FILE: how many passed of how
// many, and which of the first report's passed cases did not pass in the others.
import { readFileSync } from 'node:fs';

const reports = process.argv.slice(2).map(word => {
    const [ label, file ] = word.split('=');
    const report = JSON.parse(readFileSync(file, 'utf8'));

    return { label, total: report.stats.tests, passed: new Set(report.passes.map(c => c.fullTitle)),
        failed: new Map(report.failures.map(c => [ c.fullTitle, c.err.message ?? '' ])) };
});

for (const { label, total, passed, failed } of reports) {
    console.log(`${label}: ${passed.size} of ${total} cases`);
    for (const [ title, why ] of failed) {
        const known = label === reports[0].label || !reports[0].failed.has(title) ? '' : ' (stock too)';

        console.log(`  failed${known}: ${title}: ${why.split('\n')[0].slice(0, 160)}`);
    }
}
