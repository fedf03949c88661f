"""Online estimators in River's style: predict, then learn, one pass, bounded memory; pure."""
