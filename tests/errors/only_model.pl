model wrong;
