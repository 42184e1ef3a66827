"""What lies under the map: relief made from a DEM, and the declarations of online tile sources."""
