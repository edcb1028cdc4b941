// Takes the place of the helper that reaches Jitsi's test container: here Prosody runs beside the tests, in the same
// namespaces, so that a command "in the container" is a command.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

const LOG = process.env.PROSODY_LOG;

// `su -s /bin/sh prosody -c COMMAND` needs no other user here.
const local = args => (args[0] === 'su' ? [ 'sh', '-c', args[args.length - 1] ] : args);

function exec(args) {
    const [ command, ...rest ] = local(args);

    return new Promise((resolve, reject) => {
        const child = spawn(command, rest, { stdio: [ 'ignore', 'pipe', 'pipe' ] });
        let output = '';

        child.stdout.on('data', chunk => { output += chunk; });
        child.stderr.on('data', chunk => { output += chunk; });
        child.on('error', reject);
        child.on('close', exitCode => resolve({ output, exitCode }));
    });
}

// A line begins with its time, such as "Nov 27 16:01:29"; one without belongs to the line before.
function logs({ since = 0 } = {}) {
    const year = new Date().getFullYear();
    let wanted = false;
    const lines = readFileSync(LOG, 'utf8').split('\n').filter(line => {
        const at = Date.parse(`${line.slice(0, 15)} ${year}`);

        wanted = Number.isNaN(at) ? wanted : at >= since * 1000;

        return wanted;
    });

    return Readable.from([ lines.join('\n') ]);
}

const container = { exec, logs };

export const setContainer = () => { /* there is only this one */ };
export const getContainer = () => container;
