"""What lies over the screen: questions, menus, help, the palette. They are part of the one screen there is."""
