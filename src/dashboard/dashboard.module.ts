import { Module } from '@nestjs/common';
import { DashboardController } from './dashboard.controller.js';
import { PageFiles } from './page-files.js';

/** The page at `/`. */
@Module({ controllers: [DashboardController], providers: [PageFiles] })
export class DashboardModule {}
