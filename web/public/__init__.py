"""What everybody may read: hospitals, departments, doctors, what is left; each page light as well."""
