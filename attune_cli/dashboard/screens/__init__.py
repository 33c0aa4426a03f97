"""The screens of the dashboard, one a module; each turns keys into what its view draws."""
