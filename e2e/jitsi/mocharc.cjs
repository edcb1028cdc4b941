// Takes the place of the suite's own: no container is started, and the report is one that a script can count.
module.exports = {
    spec: (process.env.SPECS || './*_spec.js').split(' '),
    timeout: 120000,
    exit: true,
    reporter: 'json',
    reporterOptions: [ 'output=report.json' ]
};
