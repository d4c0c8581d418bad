import { render } from 'preact';
import { App } from './app.js';
import { watch } from './service/service-state.js';

watch.start();
render(<App />, document.body);
